#include "cache/values/exact_sum.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>

#include "cache/values/decimal.h"

namespace holdfast::cache {
namespace {

constexpr std::size_t kGroup = 9;
constexpr std::int64_t kGroupBase = 1'000'000'000;

std::int64_t number_of(std::string_view digits) {
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

void add_at(std::vector<std::int64_t>& groups, std::size_t index, std::int64_t value) {
  if (groups.size() <= index) groups.resize(index + 1);
  groups[index] += value;
}

// Every group but the last (most significant) within 0 … kGroupBase - 1.
void carry(std::vector<std::int64_t>& groups) {
  for (std::size_t i = 0; i + 1 < groups.size(); ++i) {
    std::int64_t over = groups[i] / kGroupBase;
    groups[i] %= kGroupBase;
    if (groups[i] < 0) {
      groups[i] += kGroupBase;
      --over;
    }
    groups[i + 1] += over;
  }
}

}  // namespace

void DecimalSum::add(std::int64_t number) { add(std::to_string(number)); }

void DecimalSum::add(std::string_view digits) {
  ++count_;
  if (digits == "NaN") {
    nan_ = true;
  } else if (digits == "Infinity") {
    infinity_ = true;
  } else if (digits == "-Infinity") {
    minus_infinity_ = true;
  } else {
    const bool negative = digits.starts_with('-');
    add_finite(negative ? digits.substr(1) : digits, negative ? -1 : 1);
  }
}

void DecimalSum::add_finite(std::string_view digits, std::int64_t sign) {
  const auto point = std::min(digits.find('.'), digits.size());
  std::string_view whole = digits.substr(0, point);
  for (std::size_t i = 0; !whole.empty(); ++i) {
    const std::size_t taken = std::min(kGroup, whole.size());
    add_at(whole_, i, sign * number_of(whole.substr(whole.size() - taken)));
    whole.remove_suffix(taken);
  }
  if (point == digits.size()) return;
  std::string_view fraction = digits.substr(point + 1);
  scale_ = std::max(scale_, static_cast<std::int64_t>(fraction.size()));
  for (std::size_t i = 0; !fraction.empty(); ++i) {
    std::string group(fraction.substr(0, kGroup));
    fraction.remove_prefix(group.size());
    group.resize(kGroup, '0');
    add_at(fraction_, i, sign * number_of(group));
  }
}

std::optional<std::string> DecimalSum::special() const {
  if (nan_ || (infinity_ && minus_infinity_)) return "NaN";
  if (infinity_) return "Infinity";
  if (minus_infinity_) return "-Infinity";
  return std::nullopt;
}

DecimalSum::Total DecimalSum::total() const {
  std::vector<std::int64_t> groups(fraction_.rbegin(), fraction_.rend());
  groups.insert(groups.end(), whole_.begin(), whole_.end());
  groups.insert(groups.end(), {0, 0, 0});  // room for carries
  carry(groups);
  Total total;
  total.negative = groups.back() < 0;
  if (total.negative) {
    for (auto& group : groups) group = -group;
    carry(groups);
  }
  for (auto group = groups.rbegin(); group != groups.rend(); ++group) {
    const std::string digits = std::to_string(*group);
    total.digits.append(kGroup - digits.size(), '0').append(digits);
  }
  const std::size_t kept = fraction_.size() * kGroup - static_cast<std::size_t>(scale_);
  total.digits.resize(total.digits.size() - kept);
  return total;
}

std::string DecimalSum::sum() const {
  if (auto text = special()) return *std::move(text);
  Total all = total();
  return place_point(all.negative, std::move(all.digits), scale_);
}

std::optional<std::string> DecimalSum::average() const {
  if (auto text = special()) return text;
  return divide_decimals(sum(), std::to_string(count_));
}

void FloatSum::add(double value) {
  ++count_;
  if (!std::isfinite(value)) finite_ = false;
  if (!finite_ || value == 0) return;
  int exponent = 0;
  const double significand = std::frexp(value, &exponent);
  const auto whole = static_cast<std::uint64_t>(std::ldexp(std::fabs(significand), 53));
  last_bit_ = std::min(last_bit_, exponent - 53 + std::countr_zero(whole));
  magnitude_ += std::fabs(value);
  sum_ += value;
}

// Every partial sum is a multiple of the lowest bit and no greater than the magnitude: when that
// fits the significand, nothing is ever rounded. A little room is left for rounding in magnitude_.
std::optional<double> FloatSum::sum() const {
  if (!finite_) return std::nullopt;
  if (magnitude_ == 0) return 0.0;
  const bool exact = std::isfinite(magnitude_) &&
                     magnitude_ * 1.0001 < std::ldexp(1.0, std::min(last_bit_ + bits_, 1023));
  return exact ? std::optional(sum_) : std::nullopt;
}

}  // namespace holdfast::cache
