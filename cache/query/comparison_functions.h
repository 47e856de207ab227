#pragma once

#include "cache/sqlite/database.h"

namespace holdfast::cache::query {

// Defines the functions by which plans compare what SQLite cannot compare by itself: sort keys, and
// the operators of ranges, arrays and jsonb.
void register_comparisons(Database& database);

}  // namespace holdfast::cache::query
