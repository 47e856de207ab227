#pragma once

#include <vector>

#include "cache/replica/row.h"

namespace holdfast::cache {

// The places of `rows`, those that refer to another one of them before it: in this order they can
// be deleted one by one. Rows that refer to each other in a circle come last, as they were.
std::vector<std::size_t> children_first(const Table& table, const std::vector<Row>& rows);

}  // namespace holdfast::cache
