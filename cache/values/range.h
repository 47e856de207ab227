#pragma once

#include <string>
#include <string_view>

#include "cache/catalog/type.h"
#include "gateway/base/result.h"

// Postgres' built-in ranges (int4range, int8range, numrange, daterange, tsrange, tstzrange) in
// their text form, and their algebra. Free functions; thread-safe.
namespace holdfast::cache {

// What the bounds of a built-in range type are; null for any other type.
const Type* range_bound(const Type& range);

// As range_in() reads it and range_out() prints it again: ranges of integers and dates as [a,b).
// Errors: 22P02 "malformed range literal", 22000 for bounds in the wrong order, 22003 and 22008
// when the canonical form does not fit, and those of the bounds.
Result<std::string> parse_range(const Type& range, std::string_view text);

// A range whose bounds are byte strings that order as Postgres' bounds do.
// Immutable after construction.
struct RangeKey {
  bool empty = false;
  std::string lower;
  std::string upper;

  // Orders as range_cmp().
  std::string sort_key() const;
};

// `text` is in the form of parse_range().
RangeKey range_key(const Type& range, std::string_view text);

bool contains(const RangeKey& whole, const RangeKey& part);           // @>
bool overlaps(const RangeKey& a, const RangeKey& b);                  // &&
bool is_left_of(const RangeKey& a, const RangeKey& b);                // <<
bool does_not_extend_right_of(const RangeKey& a, const RangeKey& b);  // &<
bool does_not_extend_left_of(const RangeKey& a, const RangeKey& b);   // &>
bool is_adjacent(const RangeKey& a, const RangeKey& b);               // -|-

}  // namespace holdfast::cache
