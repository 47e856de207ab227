#include "cache/values/scalar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstddef>
#include <limits>
#include <utility>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

struct Limits {
  std::int64_t least;
  std::int64_t greatest;
};

template <typename Integer>
constexpr Limits range_of() {
  return {std::numeric_limits<Integer>::min(), std::numeric_limits<Integer>::max()};
}

Limits integer_range(const Type& type) {
  if (type.base == "oid") {
    return {std::numeric_limits<std::int32_t>::min(), std::numeric_limits<std::uint32_t>::max()};
  }
  switch (type.kind) {
    case TypeKind::kInt2:
      return range_of<std::int16_t>();
    case TypeKind::kInt4:
      return range_of<std::int32_t>();
    default:
      return range_of<std::int64_t>();
  }
}

// As parse_bool_with_len(): a prefix, but "o" alone could be on or off.
struct BoolWord {
  std::string_view word;
  std::size_t least;
  bool value;
};

constexpr std::array kBoolWords = {
    BoolWord{"true", 1, true}, BoolWord{"false", 1, false}, BoolWord{"yes", 1, true},
    BoolWord{"no", 1, false},  BoolWord{"on", 2, true},     BoolWord{"off", 2, false},
    BoolWord{"1", 1, true},    BoolWord{"0", 1, false},
};

void append_hex(unsigned byte, std::string& out) {
  out += kHexDigits[byte >> 4];
  out += kHexDigits[byte & 15];
}

Result<std::string> parse_hex_bytes(std::string_view digits) {
  std::string out = "\\x";
  std::size_t at = 0;
  while (at < digits.size()) {
    if (digits[at] == ' ' || digits[at] == '\n' || digits[at] == '\t' || digits[at] == '\r') {
      ++at;
      continue;
    }
    for (std::size_t i = at; i < at + 2; ++i) {
      if (i == digits.size()) {
        return invalid_request("22023", "invalid hexadecimal data: odd number of digits");
      }
      if (hex_value(digits[i]) < 0) {
        const auto character = first_characters(digits.substr(i), 1);
        return invalid_request("22023",
                               "invalid hexadecimal digit: \"" + std::string(character) + "\"");
      }
      out += to_lower(digits[i]);
    }
    at += 2;
  }
  return out;
}

// Three octal digits up to 377.
bool is_octal_escape(std::string_view digits) {
  const auto octal = [](char c) { return c >= '0' && c <= '7'; };
  return digits.size() >= 3 && digits[0] <= '3' && octal(digits[0]) && octal(digits[1]) &&
         octal(digits[2]);
}

Result<std::string> parse_escaped_bytes(std::string_view text) {
  std::string out = "\\x";
  std::size_t at = 0;
  while (at < text.size()) {
    const std::string_view rest = text.substr(at);
    if (rest[0] != '\\') {
      append_hex(static_cast<unsigned char>(rest[0]), out);
      at += 1;
    } else if (is_octal_escape(rest.substr(1))) {
      append_hex(static_cast<unsigned>((rest[1] - '0') * 64 + (rest[2] - '0') * 8 + rest[3] - '0'),
                 out);
      at += 4;
    } else if (rest.starts_with("\\\\")) {
      append_hex('\\', out);
      at += 2;
    } else {
      return invalid_request("22P02", "invalid input syntax for type bytea");
    }
  }
  return out;
}

}  // namespace

Result<std::int64_t> parse_integer(const Type& type, std::string_view text) {
  std::string_view digits = trim(text);
  if (digits.size() > 1 && digits[0] == '+' && is_digit(digits[1])) digits.remove_prefix(1);
  std::int64_t value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error == std::errc::invalid_argument) return invalid_syntax(type.base, text);
  // Before what follows the digits, as Postgres stops at the digit that is too much.
  const Limits range = integer_range(type);
  if (error != std::errc{} || value < range.least || value > range.greatest) {
    return value_out_of_range(type.base, text);
  }
  if (end != last) return invalid_syntax(type.base, text);
  return type.base == "oid" && value < 0 ? value + (std::int64_t{1} << 32) : value;
}

Result<bool> parse_bool(std::string_view text) {
  const std::string word = to_lower(trim(text));
  for (const auto& known : kBoolWords) {
    if (word.size() >= known.least && known.word.starts_with(word)) return known.value;
  }
  return invalid_syntax("boolean", text);
}

Result<std::string> parse_uuid(std::string_view text) {
  std::string_view rest = text;
  const bool braces = rest.starts_with('{');
  if (braces) rest.remove_prefix(1);
  std::string out;
  for (std::size_t digits = 0; digits < 32; ++digits) {
    if (rest.empty() || hex_value(rest[0]) < 0) return invalid_syntax("uuid", text);
    if (digits == 8 || digits == 12 || digits == 16 || digits == 20) out += '-';
    out += to_lower(rest[0]);
    rest.remove_prefix(1);
    if (digits % 4 == 3 && digits < 31 && rest.starts_with('-')) rest.remove_prefix(1);
  }
  if (rest != (braces ? "}" : "")) return invalid_syntax("uuid", text);
  return out;
}

Result<std::string> parse_enum(const Type& type, std::string_view text) {
  if (std::find(type.labels.begin(), type.labels.end(), text) == type.labels.end()) {
    return invalid_request(
        "22P02", "invalid input value for enum " + type.base + ": \"" + std::string(text) + "\"");
  }
  return std::string(text);
}

Result<std::string> parse_bytea(std::string_view text) {
  return text.starts_with("\\x") ? parse_hex_bytes(text.substr(2)) : parse_escaped_bytes(text);
}

Result<std::string> parse_characters(const Type& type, std::string_view text) {
  HF_TRY_VOID(check_utf8(text));
  constexpr std::size_t kNameBytes = 63;
  if (type.base != "name" || text.size() <= kNameBytes) return std::string(text);
  std::size_t end = kNameBytes;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end));
}

Result<std::string> fit_length(const Type& type, std::string text) {
  if (type.length < 0) return text;
  const auto length = static_cast<std::size_t>(type.length);
  const bool padded = is_padded(type);
  const std::size_t count = count_characters(text);
  if (count < length) {
    if (padded) text.append(length - count, ' ');
    return text;
  }
  const std::size_t kept = first_characters(text, length).size();
  if (text.find_first_not_of(' ', kept) != std::string::npos) {
    const std::string name = padded ? "character" : type.base;
    return invalid_request(
        "22001", "value too long for type " + name + "(" + std::to_string(type.length) + ")");
  }
  text.resize(kept);
  return text;
}

}  // namespace holdfast::cache
