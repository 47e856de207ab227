#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/catalog/catalog.h"

// "Did you mean": the nearest known name. Free functions; thread-safe.
namespace holdfast::cache::query {

// The name nearest to `wanted` by shared letter groups, as PostgREST's hints choose it; nullopt
// when none is so near: `least` of 1 is the name itself.
std::optional<std::string> closest_name(const std::vector<std::string>& names,
                                        std::string_view wanted, double least = 0.33);

// Postgres' hint for an unknown column: "Perhaps you meant to reference the column \"t.name\".".
std::optional<std::string> column_hint(const Table& table, std::string_view table_alias,
                                       std::string_view column);

}  // namespace holdfast::cache::query
