#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

// JSON as Postgres reads it, with numbers kept as their digits.
namespace holdfast::cache {

enum class JsonKind : std::uint8_t {
  kEnd,
  kObjectStart,
  kObjectEnd,
  kArrayStart,
  kArrayEnd,
  kComma,
  kColon,
  kString,
  kNumber,
  kTrue,
  kFalse,
  kNull,
};

struct JsonToken {
  JsonKind kind = JsonKind::kEnd;
  std::string_view text;  // with quotes, escapes as they are
};

// Splits a text into tokens. Strings are checked for control characters and the form of escapes,
// numbers for JSON's grammar; errors are 22P02 "invalid input syntax for type json" with details.
//
// Tokens borrow from the text. One thread at a time: its caller.
class JsonLexer {
 public:
  explicit JsonLexer(std::string_view text) : text_(text) {}

  Result<JsonToken> next();
  // Where the next token's search starts.
  std::size_t position() const { return position_; }

 private:
  Result<JsonToken> string_token();
  Result<void> check_escape();
  Result<JsonToken> word_token();
  Result<JsonToken> number_token();
  Error invalid_token(std::size_t begin);
  void skip_word();

  std::string_view text_;
  std::size_t position_ = 0;
};

// What stood there when a token of another kind came.
enum class JsonExpected : std::uint8_t {
  kValue,
  kArrayFirst,
  kArrayNext,
  kObjectFirst,
  kObjectNext,
  kString,
  kColon,
  kEnd,
};
Error unexpected_json(JsonExpected expected, const JsonToken& found);
Error json_syntax(std::string details);
Error too_deep_json();

// Whether the text is one JSON value, as json_in() decides. Any depth.
Result<void> check_json(std::string_view text);

// How deep a json or jsonb value may be here: what prints it, takes it apart or compares it takes a
// piece of the stack for each level (SQLite's own functions stop there, too).
constexpr std::size_t kMostJsonLevels = 1'000;
// The same of a value that is to be kept; only_upstream() of one that is deeper.
Result<void> check_json_value(std::string_view text);

// The contents of a string token that a JsonLexer gave. Errors: 22P05 for \u0000, 22P02 for half a
// surrogate pair.
Result<std::string> decode_string_token(std::string_view token);

}  // namespace holdfast::cache
