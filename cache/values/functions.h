#pragma once

#include "cache/sqlite/database.h"

namespace holdfast::cache {

// Defines on a connection what stored values need: the collation kNumericCollation. Every
// connection that reads or writes a replica file calls it first. Texts that are no number come
// after all numbers, so the order is total whatever a column holds.
void register_value_functions(Database& database);

}  // namespace holdfast::cache
