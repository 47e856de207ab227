#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace holdfast::cache::fulltext {

enum class TokenKind : std::uint8_t {
  kAsciiWord,
  kWord,
  kNumWord,
  kAsciiCompound,  // "up-to-date" as a whole
  kCompound,
  kNumCompound,
  kAsciiPart,  // "up", "to", "date"
  kPart,
  kNumPart,
  kEmail,
  kUrl,
  kHost,
  kUrlPath,
  kFile,
  kScientific,
  kVersion,
  kDecimal,
  kSigned,
  kUnsigned,
  kIgnored,  // blanks, entities, protocols: no configuration indexes them
};

struct Token {
  TokenKind kind;
  std::string_view text;
};

// The tokens of `text` (UTF-8) as Postgres' default parser finds them, without kIgnored. nullopt
// for texts whose tokens are not surely the same here: markup, zero-width letters, extreme nesting.
std::optional<std::vector<Token>> parse_words(std::string_view text);

}  // namespace holdfast::cache::fulltext
