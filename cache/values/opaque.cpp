#include "cache/values/opaque.h"

#include <charconv>

#include "cache/values/json_lexer.h"
#include "cache/values/range.h"
#include "cache/values/text.h"
#include "cache/values/tsvector.h"

namespace holdfast::cache {
namespace {

// The type of an extension, in whichever schema that is.
bool is_citext(const Type& type) { return type.base == "citext" || type.base.ends_with(".citext"); }

Result<Value> parse_words(std::string_view text) {
  const auto vector = parse_tsvector(text);
  if (vector) return Value(print_tsvector(*vector));
  if (vector.error().code == kForwardCode) return Value(std::string(text));
  return vector.error();
}

// An address of a single host by version 4: others have many forms.
bool is_plain_address(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    int number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    const auto digits = static_cast<std::size_t>(end - text.data());
    if (error != std::errc() || number > 255 || (digits > 1 && text[0] == '0')) return false;
    if (text[0] == '-') return false;
    text.remove_prefix(digits);
    if (part == 3) return text.empty();
    if (!text.starts_with('.')) return false;
    text.remove_prefix(1);
  }
  return false;
}

}  // namespace

Result<Value> parse_opaque(const Type& type, std::string_view text) {
  if (range_bound(type) != nullptr) {
    HF_TRY(std::string range, parse_range(type, text));
    return Value(std::move(range));
  }
  HF_TRY_VOID(check_utf8(text));
  if (type.base == "tsvector") return parse_words(text);
  if (!text.starts_with(kOpaqueJson)) return Value(std::string(text));
  // As a JSON string, so that a client's text cannot pass for JSON.
  std::string token(1, kOpaqueJson);
  append_json_string(text, token);
  return Value(std::move(token));
}

Result<Value> parse_json_opaque(const Type& type, std::string_view token) {
  const bool read = range_bound(type) != nullptr || type.base == "tsvector";
  HF_TRY_VOID(check_utf8(token));
  HF_TRY_VOID(check_json_value(token));
  if (!token.starts_with('"')) {
    return read ? parse_opaque(type, token) : Value(kOpaqueJson + std::string(token));
  }
  HF_TRY(const std::string text, decode_string_token(token));
  return parse_opaque(type, text);
}

bool prints_as_stored(const Type& type, std::string_view stored) {
  if (range_bound(type) != nullptr) return true;
  if (is_citext(type)) return !stored.starts_with(kOpaqueJson);
  if (type.base == "inet") return is_plain_address(stored);
  if (type.base != "tsvector") return false;
  const auto vector = parse_tsvector(stored);
  return vector && print_tsvector(*vector) == stored;
}

}  // namespace holdfast::cache
