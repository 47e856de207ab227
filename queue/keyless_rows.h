#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "cache/catalog/table.h"
#include "cache/replica/effect.h"
#include "cache/replica/row.h"
#include "gateway/base/clock.h"
#include "gateway/http/principal.h"

// What tells a row that a lost insert may have made from those of others, where the upstream makes
// the keys (hard case 9). Pure functions.
namespace holdfast::queue {

using ColumnValues = std::vector<std::pair<std::size_t, cache::Value>>;

// Whether a trigger may make another row of what is sent, or none.
bool has_insert_trigger(const cache::Table& table);

// Conditions of a filter that every row meets which says what the effect says, and few others.
std::string conditions_of(const cache::Table& table, const cache::Effect& effect);

// The columns that the effect does not name, with the values that the upstream surely gives them:
// whose, and not when or by chance.
ColumnValues sure_defaults(const cache::Table& table, const cache::Effect& effect,
                           const http::Principal& principal, Timestamp now);
// Those that tell whose a row is: others change what it says, and not that.
ColumnValues owners_among(const cache::Table& table, ColumnValues values);
bool has_values(const cache::Table& table, const cache::Row& row, const ColumnValues& values);

// Whether the row says what the effect says.
bool shows(const cache::Table& table, const cache::Effect& effect, const cache::Row& row);
// Whether at least half of what the effect says is in the row: it may be that row, changed since.
bool says_nearly(const cache::Table& table, const cache::Effect& effect, const cache::Row& row);

}  // namespace holdfast::queue
