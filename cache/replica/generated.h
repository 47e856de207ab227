#pragma once

#include <set>
#include <vector>

#include "cache/catalog/table.h"
#include "cache/replica/row.h"

namespace holdfast::cache {

// Columns of which the value in `row` may stand for one that only the upstream has made or keeps:
// NULL where a default or an expression makes the value, temporary ids, columns that are not kept
// here. Indices.
std::set<std::size_t> unknown_columns(const Table& table, const Row& row);

// Sets the generated columns of `row`, where only the upstream can compute the value to NULL: those
// are returned, as indices. What is made from nothing that differs from `before` stays as it is;
// without `before` the row is a new one.
std::vector<std::size_t> compute_generated(const Table& table, Row& row, const Row* before);

}  // namespace holdfast::cache
