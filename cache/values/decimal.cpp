#include "cache/values/decimal.h"

#include <algorithm>
#include <charconv>

#include "cache/values/exact_sum.h"
#include "cache/values/numeric.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

constexpr std::int64_t kMaxQuotientScale = 1000;
constexpr std::size_t kMaxProductDigits = 1000;
constexpr std::size_t kMaxDivisorDigits = 18;  // ten times as many still fit 64 bits
// Wider than every numeric, so that only the scale applies.
constexpr int kAnyPrecision = 200'000;

// A whole number of which the last `scale` digits stand behind the point.
struct Decimal {
  bool negative = false;
  std::string digits;  // without leading zeros; empty for zero
  std::int64_t scale = 0;
};

void strip_leading_zeros(std::string& digits) {
  digits.erase(0, std::min(digits.find_first_not_of('0'), digits.size()));
}

Decimal read(std::string_view text) {
  Decimal decimal;
  decimal.negative = text.starts_with('-');
  if (decimal.negative) text.remove_prefix(1);
  const auto point = std::min(text.find('.'), text.size());
  decimal.digits = text.substr(0, point);
  if (point < text.size()) {
    decimal.digits += text.substr(point + 1);
    decimal.scale = static_cast<std::int64_t>(text.size() - point - 1);
  }
  strip_leading_zeros(decimal.digits);
  return decimal;
}

// The first group of four digits that is not zero, as Postgres stores numerics, and its place.
struct Leading {
  std::int64_t weight = 0;
  std::int64_t digit = 0;
};

Leading leading_group(const Decimal& decimal) {
  if (decimal.digits.empty()) return {};
  // Of the first digit: 0 is the ones' place.
  const std::int64_t place = static_cast<std::int64_t>(decimal.digits.size()) - decimal.scale - 1;
  const std::int64_t weight = place >= 0 ? place / 4 : -((3 - place) / 4);
  const auto taken = static_cast<std::size_t>(place - weight * 4 + 1);
  std::string group = decimal.digits.substr(0, taken);
  group.resize(taken, '0');
  std::int64_t digit = 0;
  std::from_chars(group.data(), group.data() + group.size(), digit);
  return {weight, digit};
}

// At least sixteen significant digits, counted in groups of four.
std::int64_t quotient_scale(const Decimal& dividend, const Decimal& divisor) {
  const Leading above = leading_group(dividend);
  const Leading below = leading_group(divisor);
  std::int64_t weight = above.weight - below.weight;
  if (above.digit <= below.digit) --weight;
  return std::min(std::max({16 - weight * 4, dividend.scale, divisor.scale, std::int64_t{0}}),
                  kMaxQuotientScale);
}

// digits / divisor, rounded half away from zero.
std::string divide(const std::string& digits, std::uint64_t divisor) {
  std::string quotient;
  std::uint64_t rest = 0;
  for (const char c : digits) {
    rest = rest * 10 + static_cast<std::uint64_t>(c - '0');
    quotient += static_cast<char>('0' + rest / divisor);
    rest %= divisor;
  }
  if (rest * 2 < divisor) return quotient;
  auto place = quotient.rbegin();
  while (place != quotient.rend() && *place == '9') *place++ = '0';
  if (place == quotient.rend()) return '1' + quotient;
  ++*place;
  return quotient;
}

// As one learns it at school.
std::string multiply(const std::string& a, const std::string& b) {
  std::vector<int> places(a.size() + b.size(), 0);
  for (std::size_t i = a.size(); i-- > 0;) {
    for (std::size_t j = b.size(); j-- > 0;) {
      const int sum = places[i + j + 1] + (a[i] - '0') * (b[j] - '0');
      places[i + j + 1] = sum % 10;
      places[i + j] += sum / 10;
    }
  }
  std::string digits;
  for (const int place : places) digits += static_cast<char>('0' + place);
  return digits;
}

std::string negated(std::string_view digits) {
  return digits.starts_with('-') ? std::string(digits.substr(1)) : '-' + std::string(digits);
}

}  // namespace

std::string place_point(bool negative, std::string digits, std::int64_t scale) {
  strip_leading_zeros(digits);
  if (digits.empty()) negative = false;
  const auto behind = static_cast<std::size_t>(scale);
  if (digits.size() <= behind) digits.insert(0, behind + 1 - digits.size(), '0');
  if (behind > 0) digits.insert(digits.size() - behind, 1, '.');
  return negative ? '-' + digits : digits;
}

bool is_finite_decimal(std::string_view digits) {
  return !digits.empty() && is_digit(digits.back());
}

std::string add_decimals(std::string_view a, std::string_view b) {
  DecimalSum sum;
  sum.add(a);
  sum.add(b);
  return sum.sum();
}

std::string subtract_decimals(std::string_view a, std::string_view b) {
  return add_decimals(a, negated(b));
}

std::optional<std::string> multiply_decimals(std::string_view a, std::string_view b) {
  if (a.size() + b.size() > kMaxProductDigits) return std::nullopt;
  const Decimal left = read(a);
  const Decimal right = read(b);
  return place_point(left.negative != right.negative, multiply(left.digits, right.digits),
                     left.scale + right.scale);
}

std::optional<std::string> divide_decimals(std::string_view a, std::string_view b) {
  Decimal dividend = read(a);
  const Decimal divisor = read(b);
  if (divisor.digits.empty() || divisor.digits.size() > kMaxDivisorDigits) return std::nullopt;
  const std::int64_t scale = quotient_scale(dividend, divisor);
  if (scale < dividend.scale) return std::nullopt;
  dividend.digits.append(static_cast<std::size_t>(scale - dividend.scale + divisor.scale), '0');
  std::uint64_t number = 0;
  std::from_chars(divisor.digits.data(), divisor.digits.data() + divisor.digits.size(), number);
  return place_point(dividend.negative != divisor.negative, divide(dividend.digits, number), scale);
}

std::optional<std::string> round_decimal(std::string_view a, std::int64_t scale) {
  if (scale < -1000 || scale > 1000) return std::nullopt;
  auto rounded = parse_numeric(a, {kAnyPrecision, static_cast<int>(scale)});
  if (!rounded) return std::nullopt;
  return *std::move(rounded);
}

}  // namespace holdfast::cache
