#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace holdfast::cache {

// An array as its dimensions and its elements in row-major order; nullopt is NULL. An empty array
// has no dimension.
struct ArrayLiteral {
  static constexpr std::size_t kMaxDimensions = 6;

  std::vector<int> sizes;
  std::vector<int> lower_bounds;
  std::vector<std::optional<std::string>> elements;
};

// The grammar of array_in(); elements are unquoted, not converted.
// Errors: 22P02 "malformed array literal", 54000.
Result<ArrayLiteral> parse_array_literal(std::string_view text);

// As array_out() prints and quotes.
std::string print_array_literal(const ArrayLiteral& array);

// 54000 number of array dimensions (7) exceeds the maximum allowed (6)
Error too_many_dimensions(std::size_t dimensions);

}  // namespace holdfast::cache
