#pragma once

#include <string>

#include "cache/query/resolve.h"

// Rows that the upstream has not counted yet. Their temporary ids, -1 the oldest, are rowids too,
// and would be read before all others.
namespace holdfast::cache::query {

// Whether the upstream makes the keys of the table, which are its rowids here.
bool counts_keys(const Table& table);

// ORDER BY terms, a total order: as the place's rows were inserted, or the junction's between.
std::string insertion_order(const Place& place, const PlanOptions& options);

// SQL that tells whether such rows could be among what is shown without an order; empty when they
// cannot.
std::string new_rows_probe(const Place& root);

}  // namespace holdfast::cache::query
