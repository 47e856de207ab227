#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// Arithmetic of finite numerics as Postgres does it, on digits as parse_numeric() prints them.
// Free functions; thread-safe.
namespace holdfast::cache {

// With the larger of both scales.
std::string add_decimals(std::string_view a, std::string_view b);
std::string subtract_decimals(std::string_view a, std::string_view b);

// With the sum of both scales; nullopt for more digits than Postgres keeps of a product.
std::optional<std::string> multiply_decimals(std::string_view a, std::string_view b);

// With the scale that Postgres chooses for a quotient (select_div_scale() of its numeric.c),
// rounded half away from zero. nullopt for a divisor of zero or of more than eighteen digits.
std::optional<std::string> divide_decimals(std::string_view a, std::string_view b);

// Half away from zero; with exactly `scale` digits after the point. nullopt outside -1000 … 1000.
std::optional<std::string> round_decimal(std::string_view a, std::int64_t scale);

// "-12.30" for the digits 1230 of which two stand behind the point. Zeros in front go, and zero has
// no sign.
std::string place_point(bool negative, std::string digits, std::int64_t scale);

// Not "NaN", "Infinity" or "-Infinity".
bool is_finite_decimal(std::string_view digits);

}  // namespace holdfast::cache
