#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::cache {

class Store;
struct Table;

// The part of a table that is kept for a principal: conditions as they stand in a request's query,
// all of which hold for its rows. "" is the whole table.

// `filter` is TableOptions::filter, `claims` the principal's as JSON text: each "{claims.NAME}" (a
// path has dots) becomes the claim's value. nullopt when a claim is missing or is no plain value:
// then no part of the table is the principal's.
std::optional<std::string> scope_of(std::string_view filter, std::string_view claims);

// Hard case 17: whether all rows that `query`, a request's raw query, asks for lie in the scope:
// it has each of the scope's conditions among its own.
bool is_inside(std::string_view query, std::string_view scope);

// Whether `query` asks for one row by its whole primary key and the row is here.
bool asks_for_kept_row(std::string_view query, Store& store, const Table& table);

// The same of a table whose first sync has not ended, or lacks columns: whether the row is here
// with all of them.
bool asks_for_whole_row(std::string_view query, Store& store, const Table& table);

// The conditions that a request must have for all rows that it asks for to be kept here; nullopt
// where none are enough. `filter_is_whole`: see TableOptions.
std::optional<std::string> needed_conditions(const Store& store, const Table& table,
                                             bool filter_is_whole);

// Whether every row of the table that `query` asks for at its root is kept here.
bool holds_rows(std::string_view query, Store& store, const Table& table, bool filter_is_whole);

}  // namespace holdfast::cache
