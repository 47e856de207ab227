#include "cache/values/numeric.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

// Postgres' own bounds of an unconstrained numeric.
constexpr std::int64_t kMaxWholeDigits = 131072;
constexpr std::int64_t kMaxScale = 16383;
// INT_MAX / 2: from here on it reads no exponent, whatever the digits are.
constexpr std::int64_t kMaxExponent = 1'073'741'823;

// 0.DIGITS times ten to the power of `point`, printed with `scale` digits after the point.
struct PointDecimal {
  bool negative = false;
  std::string digits;      // without leading zeros; empty for zero
  std::int64_t point = 0;  // of the whole digits' number
  std::int64_t scale = 0;
};

struct Scanned {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
  std::int64_t exponent = 0;
};

std::string_view take_digits(std::string_view& text) {
  const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
  const auto count = static_cast<std::size_t>(end - text.begin());
  const auto digits = text.substr(0, count);
  text.remove_prefix(count);
  return digits;
}

bool take_sign(std::string_view& text) {
  if (text.empty() || (text[0] != '-' && text[0] != '+')) return false;
  const bool negative = text[0] == '-';
  text.remove_prefix(1);
  return negative;
}

std::optional<std::int64_t> take_exponent(std::string_view& text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  text.remove_prefix(1);
  const bool negative = take_sign(text);
  const auto digits = take_digits(text);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (digits.empty()) return std::nullopt;
  if (error != std::errc{} || value > kMaxExponent) value = kMaxExponent;
  return negative ? -value : value;
}

std::optional<Scanned> scan(std::string_view text) {
  Scanned result;
  result.negative = take_sign(text);
  result.whole = take_digits(text);
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    result.fraction = take_digits(text);
  }
  if (result.whole.empty() && result.fraction.empty()) return std::nullopt;
  const auto exponent = take_exponent(text);
  if (!exponent || !text.empty()) return std::nullopt;
  result.exponent = *exponent;
  return result;
}

PointDecimal to_decimal(const Scanned& scanned) {
  PointDecimal result;
  result.negative = scanned.negative;
  result.digits = std::string(scanned.whole) + std::string(scanned.fraction);
  result.point = static_cast<std::int64_t>(scanned.whole.size()) + scanned.exponent;
  const auto fraction = static_cast<std::int64_t>(scanned.fraction.size());
  result.scale = std::max<std::int64_t>(0, fraction - scanned.exponent);
  const auto zeros = std::min(result.digits.find_first_not_of('0'), result.digits.size());
  result.digits.erase(0, zeros);
  result.point -= static_cast<std::int64_t>(zeros);
  return result;
}

// Adds one in the last kept place.
void carry(PointDecimal& decimal) {
  auto place = decimal.digits.rbegin();
  while (place != decimal.digits.rend() && *place == '9') *place++ = '0';
  if (place != decimal.digits.rend()) {
    ++*place;
    return;
  }
  decimal.digits.insert(decimal.digits.begin(), '1');
  ++decimal.point;
}

void round_to(PointDecimal& decimal, std::int64_t scale) {
  decimal.scale = std::max<std::int64_t>(scale, 0);
  const std::int64_t kept = decimal.point + scale;
  if (kept >= static_cast<std::int64_t>(decimal.digits.size())) return;
  if (kept < 0) {
    decimal.digits.clear();
    return;
  }
  const auto count = static_cast<std::size_t>(kept);
  const bool up = decimal.digits[count] >= '5';
  decimal.digits.resize(count);
  if (up) carry(decimal);
}

std::string print(const PointDecimal& decimal) {
  const bool zero = decimal.digits.find_first_not_of('0') == std::string::npos;
  const auto digit = [&](std::int64_t index) {
    const auto size = static_cast<std::int64_t>(decimal.digits.size());
    return index >= 0 && index < size ? decimal.digits[static_cast<std::size_t>(index)] : '0';
  };
  std::string out = decimal.negative && !zero ? "-" : "";
  if (zero || decimal.point <= 0) out += '0';
  for (std::int64_t i = 0; !zero && i < decimal.point; ++i) out += digit(i);
  if (decimal.scale > 0) out += '.';
  for (std::int64_t i = 0; i < decimal.scale; ++i) out += zero ? '0' : digit(decimal.point + i);
  return out;
}

Error field_overflow(NumericModifier modifier, const std::string& rest) {
  return invalid_request("22003", "numeric field overflow",
                         "A field with precision " + std::to_string(modifier.precision) +
                             ", scale " + std::to_string(modifier.scale) + " " + rest);
}

Error format_overflow() { return invalid_request("22003", "value overflows numeric format"); }

Result<std::string> parse_special(std::string_view text, std::string_view whole,
                                  NumericModifier modifier) {
  if (equals_ignoring_case(text, "nan")) return std::string("NaN");
  const bool negative = take_sign(text);
  if (!equals_ignoring_case(text, "infinity") && !equals_ignoring_case(text, "inf")) {
    return invalid_syntax("numeric", whole);
  }
  if (modifier.precision >= 0) return field_overflow(modifier, "cannot hold an infinite value.");
  return std::string(negative ? "-Infinity" : "Infinity");
}

Result<void> apply_modifier(PointDecimal& decimal, NumericModifier modifier) {
  round_to(decimal, modifier.scale);
  const bool zero = decimal.digits.find_first_not_of('0') == std::string::npos;
  const int whole = modifier.precision - modifier.scale;
  if (zero || decimal.point <= whole) return {};
  return field_overflow(modifier, "must round to an absolute value less than " +
                                      (whole == 0 ? "1" : "10^" + std::to_string(whole)) + ".");
}

// Order of the kinds of text that compare_numeric() meets.
enum class Rank { kMinusInfinity, kFinite, kInfinity, kNotANumber, kText };

Rank rank(std::string_view text) {
  if (text.empty()) return Rank::kText;
  const char first = text[0] == '-' && text.size() > 1 ? text[1] : text[0];
  if (is_digit(first)) return Rank::kFinite;
  if (text == "-Infinity") return Rank::kMinusInfinity;
  if (text == "Infinity") return Rank::kInfinity;
  return text == "NaN" ? Rank::kNotANumber : Rank::kText;
}

int sign_of(int order) { return order < 0 ? -1 : order > 0 ? 1 : 0; }

int compare_magnitude(std::string_view a, std::string_view b) {
  const auto whole_a = std::min(a.find('.'), a.size());
  const auto whole_b = std::min(b.find('.'), b.size());
  if (whole_a != whole_b) return whole_a < whole_b ? -1 : 1;
  const auto common = std::min(a.size(), b.size());
  if (const int order = a.substr(0, common).compare(b.substr(0, common)); order != 0) {
    return sign_of(order);
  }
  const auto rest_has_value = [&](std::string_view text) {
    return text.substr(common).find_first_not_of(".0") != std::string_view::npos;
  };
  if (rest_has_value(a)) return 1;
  return rest_has_value(b) ? -1 : 0;
}

}  // namespace

Result<std::string> parse_numeric(std::string_view text, NumericModifier modifier) {
  const std::string_view trimmed = trim(text);
  const auto scanned = scan(trimmed);
  if (!scanned) return parse_special(trimmed, text, modifier);
  if (std::abs(scanned->exponent) >= kMaxExponent) return format_overflow();
  PointDecimal decimal = to_decimal(*scanned);
  if (modifier.precision >= 0) HF_TRY_VOID(apply_modifier(decimal, modifier));
  const bool too_wide = !decimal.digits.empty() && decimal.point > kMaxWholeDigits;
  if (too_wide || decimal.scale > kMaxScale) return format_overflow();
  return print(decimal);
}

Result<void> WrittenOut::add(std::string_view text, std::string_view digits) {
  constexpr std::size_t kMost = std::size_t{1} << 20;
  if (digits.size() > text.size()) bytes_ += digits.size() - text.size();
  if (bytes_ > kMost) return only_upstream("numbers with large exponents");
  return {};
}

int compare_numeric(std::string_view a, std::string_view b) {
  const Rank rank_a = rank(a);
  const Rank rank_b = rank(b);
  if (rank_a != rank_b) return rank_a < rank_b ? -1 : 1;
  if (rank_a == Rank::kText) return sign_of(a.compare(b));
  if (rank_a != Rank::kFinite) return 0;
  const bool negative_a = a[0] == '-';
  const bool negative_b = b[0] == '-';
  if (negative_a != negative_b) return negative_a ? -1 : 1;
  if (!negative_a) return compare_magnitude(a, b);
  return compare_magnitude(b.substr(1), a.substr(1));
}

}  // namespace holdfast::cache
