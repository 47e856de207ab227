#include "cache/values/float.h"

#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

template <typename Float>
std::optional<Float> parse_word(std::string_view word) {
  const bool negative = word.starts_with('-');
  if (equals_ignoring_case(word, "nan")) return std::numeric_limits<Float>::quiet_NaN();
  if (word.starts_with('-') || word.starts_with('+')) word.remove_prefix(1);
  if (!equals_ignoring_case(word, "infinity") && !equals_ignoring_case(word, "inf")) {
    return std::nullopt;
  }
  const Float infinity = std::numeric_limits<Float>::infinity();
  return negative ? -infinity : infinity;
}

// Whether the digits before the exponent are all zero.
bool is_zero(std::string_view number) {
  const auto mantissa = number.substr(0, number.find_first_of("eE"));
  return mantissa.find_first_not_of("+-.0") == std::string_view::npos;
}

template <typename Float>
Result<Float> parse_float(std::string_view text, std::string_view type) {
  const std::string_view number = trim(text);
  if (const auto word = parse_word<Float>(number)) return *word;
  std::string_view digits = number;
  if (digits.starts_with('+') && !digits.starts_with("+-")) digits.remove_prefix(1);
  const std::string_view unsigned_digits = digits.substr(digits.starts_with('-') ? 1 : 0);
  if (unsigned_digits.starts_with("0x") || unsigned_digits.starts_with("0X")) {
    return only_upstream("a number in hexadecimal form");
  }
  Float value = 0;
  const char* last = digits.data() + digits.size();
  const auto [end, error] = std::from_chars(digits.data(), last, value);
  if (error == std::errc::invalid_argument || end != last || is_letter(unsigned_digits[0])) {
    return invalid_syntax(type, text);
  }
  if (error != std::errc{} || std::isinf(value) || (value == 0 && !is_zero(digits))) {
    return invalid_request(
        "22003", "\"" + std::string(number) + "\" is out of range for type " + std::string(type));
  }
  return value;
}

// Significant digits without point and trailing zeros, and the decimal exponent of the first.
struct Digits {
  std::string text;
  int exponent = 0;
};

Digits split_scientific(std::string_view scientific) {
  Digits result;
  const auto e = scientific.find('e');
  for (const char c : scientific.substr(0, e)) {
    if (c != '.') result.text += c;
  }
  result.text.erase(result.text.find_last_not_of('0') + 1);
  auto exponent = scientific.substr(e + 1);
  if (exponent.starts_with('+')) exponent.remove_prefix(1);
  std::from_chars(exponent.data(), exponent.data() + exponent.size(), result.exponent);
  return result;
}

// Whether the decimal lies exactly half-way between two neighbours: it then has one binary digit
// more than a Float. Postgres prints only what lies strictly nearer to the value.
template <typename Float>
bool is_half_way(const Digits& digits) {
  const auto strip_twos = [](std::uint64_t number) { return number >> std::countr_zero(number); };
  std::uint64_t odd = 0;  // 17 digits at most
  for (const char c : digits.text) odd = odd * 10 + static_cast<std::uint64_t>(c - '0');
  odd = strip_twos(odd);
  constexpr std::uint64_t kLimit = std::uint64_t{1} << (std::numeric_limits<Float>::digits + 1);
  int fives = digits.exponent - static_cast<int>(digits.text.size()) + 1;
  for (; fives > 0 && odd < kLimit; --fives) odd *= 5;
  for (; fives < 0 && odd % 5 == 0; ++fives) odd /= 5;
  if (fives != 0) return false;
  return odd < kLimit && odd >= kLimit / 2;
}

template <typename Float>
Digits shortest_digits(Float magnitude) {
  std::array<char, 64> buffer;
  auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                           std::chars_format::scientific);
  Digits digits = split_scientific({buffer.data(), end.ptr});
  for (int precision = static_cast<int>(digits.text.size());
       is_half_way<Float>(digits) && precision < std::numeric_limits<Float>::max_digits10;
       ++precision) {
    end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), magnitude,
                        std::chars_format::scientific, precision);
    digits = split_scientific({buffer.data(), end.ptr});
  }
  return digits;
}

void append_scientific(const Digits& digits, std::string& out) {
  out += digits.text[0];
  if (digits.text.size() > 1) out.append(".").append(digits.text, 1);
  const int magnitude = std::abs(digits.exponent);
  out += digits.exponent < 0 ? "e-" : "e+";
  if (magnitude < 10) out += '0';
  out += std::to_string(magnitude);
}

void append_fixed(const Digits& digits, std::string& out) {
  if (digits.exponent < 0) {
    out.append("0.").append(static_cast<std::size_t>(-digits.exponent - 1), '0');
    out += digits.text;
    return;
  }
  const auto whole = static_cast<std::size_t>(digits.exponent) + 1;
  out.append(digits.text, 0, whole);
  if (digits.text.size() <= whole) {
    out.append(whole - digits.text.size(), '0');
  } else {
    out.append(".").append(digits.text, whole);
  }
}

template <typename Float>
void print_float(Float value, std::string& out) {
  if (std::isnan(value)) {
    out += "NaN";
    return;
  }
  if (std::signbit(value)) out += '-';
  if (std::isinf(value)) {
    out += "Infinity";
    return;
  }
  if (value == 0) {
    out += '0';
    return;
  }
  const Digits digits = shortest_digits(std::abs(value));
  if (digits.exponent < -4 || digits.exponent >= std::numeric_limits<Float>::digits10) {
    append_scientific(digits, out);
  } else {
    append_fixed(digits, out);
  }
}

}  // namespace

Result<double> parse_float8(std::string_view text) {
  return parse_float<double>(text, "double precision");
}
Result<float> parse_float4(std::string_view text) { return parse_float<float>(text, "real"); }
void print_float8(double value, std::string& out) { print_float(value, out); }
void print_float4(float value, std::string& out) { print_float(value, out); }

}  // namespace holdfast::cache
