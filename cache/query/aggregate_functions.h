#pragma once

#include "cache/sqlite/database.h"

namespace holdfast::cache::query {

// Defines hf_sum, hf_avg, hf_min and hf_max (types, v) with the results of Postgres' aggregates.
// They fail with kForwardCode where Postgres' own result depends on the order of its rows.
void register_aggregates(Database& database);

}  // namespace holdfast::cache::query
