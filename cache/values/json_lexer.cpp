#include "cache/values/json_lexer.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <utility>
#include <vector>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

bool is_word_character(char c) {
  return is_letter(c) || is_digit(c) || c == '_' || (static_cast<unsigned char>(c) & 0x80) != 0;
}

bool is_json_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

JsonKind structural_kind(char c) {
  switch (c) {
    case '{':
      return JsonKind::kObjectStart;
    case '}':
      return JsonKind::kObjectEnd;
    case '[':
      return JsonKind::kArrayStart;
    case ']':
      return JsonKind::kArrayEnd;
    case ',':
      return JsonKind::kComma;
    case ':':
      return JsonKind::kColon;
    default:
      return JsonKind::kEnd;
  }
}

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Behind what stands for itself in a string.
std::size_t skip_plain(std::string_view text, std::size_t at) {
  while (at < text.size() && text[at] != '"' && text[at] != '\\' &&
         static_cast<unsigned char>(text[at]) >= 0x20) {
    ++at;
  }
  return at;
}

// The end of the longest number at `at`; `good` tells whether every required digit is there.
struct NumberEnd {
  std::size_t end;
  bool good;
};

NumberEnd find_number_end(std::string_view text, std::size_t at) {
  const auto digit_at = [&](std::size_t index) {
    return index < text.size() && is_digit(text[index]);
  };
  if (text[at] == '-') ++at;
  bool good = digit_at(at);
  at = good && text[at] == '0' ? at + 1 : skip_digits(text, at);
  if (at < text.size() && text[at] == '.') {
    ++at;
    good = good && digit_at(at);
    at = skip_digits(text, at);
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    good = good && digit_at(at);
    at = skip_digits(text, at);
  }
  return {at, good};
}

std::string_view expectation(JsonExpected expected) {
  switch (expected) {
    case JsonExpected::kValue:
      return "Expected JSON value";
    case JsonExpected::kArrayFirst:
      return "Expected array element or \"]\"";
    case JsonExpected::kArrayNext:
      return "Expected \",\" or \"]\"";
    case JsonExpected::kObjectFirst:
      return "Expected string or \"}\"";
    case JsonExpected::kObjectNext:
      return "Expected \",\" or \"}\"";
    case JsonExpected::kString:
      return "Expected string";
    case JsonExpected::kColon:
      return "Expected \":\"";
    case JsonExpected::kEnd:
      return "Expected end of input";
  }
  return "";
}

char32_t hex4(std::string_view digits) {
  char32_t value = 0;
  for (const char c : digits.substr(0, 4)) value = value * 16 + static_cast<char32_t>(hex_value(c));
  return value;
}

Error bad_surrogate(std::string_view details) { return json_syntax(std::string(details)); }

// Decodes \uXXXX (and its second half) at the start of `rest`; returns how much of it was read.
Result<std::size_t> decode_unicode(std::string_view rest, std::string& out) {
  constexpr std::string_view kHighAlone = "Unicode low surrogate must follow a high surrogate.";
  const char32_t first = hex4(rest.substr(2));
  if (first == 0) {
    return invalid_request("22P05", "unsupported Unicode escape sequence",
                           "\\u0000 cannot be converted to text.");
  }
  if (first >= 0xDC00 && first <= 0xDFFF) return bad_surrogate(kHighAlone);
  if (first < 0xD800 || first > 0xDBFF) {
    append_utf8(first, out);
    return std::size_t{6};
  }
  if (rest.size() < 12 || rest[6] != '\\' || rest[7] != 'u') return bad_surrogate(kHighAlone);
  const char32_t second = hex4(rest.substr(8));
  if (second >= 0xD800 && second <= 0xDBFF) {
    return bad_surrogate("Unicode high surrogate must not follow a high surrogate.");
  }
  if (second < 0xDC00 || second > 0xDFFF) return bad_surrogate(kHighAlone);
  append_utf8(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00), out);
  return std::size_t{12};
}

char simple_escape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;
  }
}

// Follows the grammar over a token stream; containers are kept on a stack of its own, so that no
// depth of nesting can exhaust the thread's.
class JsonChecker {
 public:
  JsonChecker(std::string_view text, std::size_t most_levels)
      : lexer_(text), most_levels_(most_levels) {}

  Result<void> run() {
    HF_TRY(JsonToken token, lexer_.next());
    HF_TRY_VOID(value(token, JsonExpected::kValue));
    while (!open_.empty()) {
      HF_TRY(token, lexer_.next());
      HF_TRY_VOID(open_.back().kind == Container::kArray ? in_array(token) : in_object(token));
    }
    HF_TRY(token, lexer_.next());
    if (token.kind != JsonKind::kEnd) return unexpected_json(JsonExpected::kEnd, token);
    return {};
  }

 private:
  enum class Container : std::uint8_t { kArray, kObject };
  struct Open {
    Container kind;
    bool empty = true;  // nothing has been read in it
  };

  Result<void> value(const JsonToken& token, JsonExpected expected) {
    switch (token.kind) {
      case JsonKind::kObjectStart:
        return open(Container::kObject);
      case JsonKind::kArrayStart:
        return open(Container::kArray);
      case JsonKind::kString:
      case JsonKind::kNumber:
      case JsonKind::kTrue:
      case JsonKind::kFalse:
      case JsonKind::kNull:
        return {};
      default:
        return unexpected_json(expected, token);
    }
  }

  Result<void> open(Container kind) {
    if (open_.size() == most_levels_) return too_deep_json();
    open_.push_back({kind});
    return {};
  }

  Result<void> in_array(const JsonToken& token) {
    const bool first = std::exchange(open_.back().empty, false);
    if (token.kind == JsonKind::kArrayEnd) {
      open_.pop_back();
      return {};
    }
    if (first) return value(token, JsonExpected::kArrayFirst);
    if (token.kind != JsonKind::kComma) return unexpected_json(JsonExpected::kArrayNext, token);
    HF_TRY(const JsonToken next, lexer_.next());
    return value(next, JsonExpected::kValue);
  }

  Result<void> in_object(const JsonToken& token) {
    const bool first = std::exchange(open_.back().empty, false);
    if (token.kind == JsonKind::kObjectEnd) {
      open_.pop_back();
      return {};
    }
    if (first) return member(token, JsonExpected::kObjectFirst);
    if (token.kind != JsonKind::kComma) return unexpected_json(JsonExpected::kObjectNext, token);
    HF_TRY(const JsonToken key, lexer_.next());
    return member(key, JsonExpected::kString);
  }

  Result<void> member(const JsonToken& key, JsonExpected expected) {
    if (key.kind != JsonKind::kString) return unexpected_json(expected, key);
    HF_TRY(const JsonToken colon, lexer_.next());
    if (colon.kind != JsonKind::kColon) return unexpected_json(JsonExpected::kColon, colon);
    HF_TRY(const JsonToken token, lexer_.next());
    return value(token, JsonExpected::kValue);
  }

  JsonLexer lexer_;
  std::size_t most_levels_;
  std::vector<Open> open_;
};

}  // namespace

Error json_syntax(std::string details) {
  return invalid_request("22P02", "invalid input syntax for type json", std::move(details));
}

Error unexpected_json(JsonExpected expected, const JsonToken& found) {
  if (found.kind == JsonKind::kEnd) return json_syntax("The input string ended unexpectedly.");
  return json_syntax(std::string(expectation(expected)) + ", but found \"" +
                     std::string(found.text) + "\".");
}

Result<JsonToken> JsonLexer::next() {
  while (position_ < text_.size() && is_json_space(text_[position_])) ++position_;
  if (position_ == text_.size()) return JsonToken{};
  const char c = text_[position_];
  if (c == '"') return string_token();
  if (c == '-' || is_digit(c)) return number_token();
  if (const JsonKind kind = structural_kind(c); kind != JsonKind::kEnd) {
    return JsonToken{kind, text_.substr(position_++, 1)};
  }
  return word_token();
}

void JsonLexer::skip_word() {
  while (position_ < text_.size() && is_word_character(text_[position_])) ++position_;
}

Error JsonLexer::invalid_token(std::size_t begin) {
  skip_word();
  if (position_ == begin) ++position_;
  return json_syntax("Token \"" + std::string(text_.substr(begin, position_ - begin)) +
                     "\" is invalid.");
}

Result<JsonToken> JsonLexer::word_token() {
  const std::size_t begin = position_;
  skip_word();
  const auto word = text_.substr(begin, position_ - begin);
  if (word == "true") return JsonToken{JsonKind::kTrue, word};
  if (word == "false") return JsonToken{JsonKind::kFalse, word};
  if (word == "null") return JsonToken{JsonKind::kNull, word};
  position_ = begin;
  return invalid_token(begin);
}

Result<JsonToken> JsonLexer::number_token() {
  const std::size_t begin = position_;
  const NumberEnd found = find_number_end(text_, begin);
  position_ = found.end;
  const bool runs_on = position_ < text_.size() && is_word_character(text_[position_]);
  if (!found.good || runs_on) return invalid_token(begin);
  return JsonToken{JsonKind::kNumber, text_.substr(begin, position_ - begin)};
}

Result<JsonToken> JsonLexer::string_token() {
  const std::size_t begin = position_++;
  while ((position_ = skip_plain(text_, position_)) < text_.size()) {
    const char c = text_[position_];
    if (c == '"') {
      ++position_;
      return JsonToken{JsonKind::kString, text_.substr(begin, position_ - begin)};
    }
    if (static_cast<unsigned char>(c) < 0x20) {
      std::array<char, 64> words;
      std::snprintf(words.data(), words.size(), "Character with value 0x%02x must be escaped.", c);
      return json_syntax(words.data());
    }
    ++position_;
    HF_TRY_VOID(check_escape());
  }
  return json_syntax("Token \"" + std::string(text_.substr(begin)) + "\" is invalid.");
}

// `position_` is behind the backslash; moves it behind the escape.
Result<void> JsonLexer::check_escape() {
  if (position_ == text_.size()) return {};
  const char c = text_[position_++];
  if (c != 'u') {
    if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) return {};
    const auto length = first_characters(text_.substr(position_ - 1), 1).size();
    return json_syntax("Escape sequence \"\\" + std::string(text_.substr(position_ - 1, length)) +
                       "\" is invalid.");
  }
  for (int i = 0; i < 4; ++i, ++position_) {
    if (position_ == text_.size() || hex_value(text_[position_]) < 0) {
      return json_syntax("\"\\u\" must be followed by four hexadecimal digits.");
    }
  }
  return {};
}

Error too_deep_json() { return only_upstream("a json value of more than a thousand levels"); }

Result<void> check_json(std::string_view text) {
  return JsonChecker(text, std::numeric_limits<std::size_t>::max()).run();
}

Result<void> check_json_value(std::string_view text) {
  return JsonChecker(text, kMostJsonLevels).run();
}

Result<std::string> decode_string_token(std::string_view token) {
  const std::string_view inside = token.substr(1, token.size() - 2);
  std::string out;
  std::size_t at = 0;
  while (at < inside.size()) {
    const std::size_t escape = std::min(inside.find('\\', at), inside.size());
    out.append(inside, at, escape - at);
    at = escape;
    if (at == inside.size()) break;
    if (inside[at + 1] == 'u') {
      HF_TRY(const std::size_t length, decode_unicode(inside.substr(at), out));
      at += length;
    } else {
      out += simple_escape(inside[at + 1]);
      at += 2;
    }
  }
  return out;
}

}  // namespace holdfast::cache
