#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

// Postgres' numeric as decimal digits. Nothing here goes through a binary float.
namespace holdfast::cache {

struct NumericModifier {
  int precision = -1;  // digits; -1 none
  int scale = 0;       // digits after the point; negative rounds before it
};

// Reads as numeric_in() and prints as numeric_out(): "1e3" is "1000", "-0.00" is "0.00", ".50" is
// "0.50", also "NaN", "Infinity", "-Infinity". With a modifier it is rounded, half away from zero.
// Errors: 22P02; 22003 "numeric field overflow" with Postgres' details; only_upstream() of one
// whose exponent writes out a thousand digits that the text does not hold, as eight bytes may
// 131,072.
Result<std::string> parse_numeric(std::string_view text, NumericModifier modifier = {});

// The digits that exponents have written out in one value of many numbers: eight bytes may stand
// for 131,072 of them.
class WrittenOut {
 public:
  // only_upstream() where they are more than a mebibyte.
  Result<void> add(std::string_view text, std::string_view digits);

 private:
  std::size_t bytes_ = 0;
};

// Orders digits as printed by parse_numeric() by value: 1.0 equals 1.00, -Infinity is the least and
// NaN, which equals itself, the greatest. Other texts come after all numbers, in byte order.
int compare_numeric(std::string_view a, std::string_view b);

}  // namespace holdfast::cache
