#pragma once

#include <optional>

#include "cache/query/query.h"
#include "cache/query/resolve.h"

namespace holdfast::cache::query {

// The index that would spare this read a walk over the whole table: the columns that it compares
// for equality, then one that it bounds, or those that it orders by. nullopt when a declared key
// leads there already, or nothing would. Thread-safe.
std::optional<IndexWish> wished_index(const Place& root);

}  // namespace holdfast::cache::query
