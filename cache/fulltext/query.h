#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "cache/fulltext/configuration.h"
#include "cache/fulltext/vector.h"
#include "gateway/base/result.h"

namespace holdfast::cache::fulltext {

// A node of a tsquery, after stop words have been taken out.
struct Node {
  enum class Kind : std::uint8_t { kLexeme, kNot, kAnd, kOr, kPhrase };
  Kind kind = Kind::kLexeme;
  std::string lexeme;
  bool prefix = false;
  std::uint8_t weights = 0;    // bit n: weight n of Position is wanted; 0 = any
  std::uint32_t distance = 0;  // of kPhrase
  std::vector<Node> operands;  // kNot: one; others but kLexeme: two
};

// Empty when only stop words were asked for: it matches nothing.
struct TextQuery {
  std::vector<Node> root;  // none or one
};

enum class Syntax : std::uint8_t {
  kStandard,  // to_tsquery()
  kPlain,     // plainto_tsquery()
  kPhrase,    // phraseto_tsquery()
  kWeb,       // websearch_to_tsquery()
};

// Errors: 42601 in Postgres' words; HF_FORWARD where what it would read is not surely known.
Result<TextQuery> parse_query(Syntax syntax, const Configuration& configuration,
                              std::string_view text);

// vector @@ query
bool matches(const Vector& vector, const TextQuery& query);

}  // namespace holdfast::cache::fulltext
