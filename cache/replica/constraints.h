#pragma once

#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "cache/replica/overlay.h"

// What Postgres checks when a row is written, and its words when the check fails.
namespace holdfast::cache {

// PGRST204.
Error unknown_column(const Table& table, std::string_view column);

// 428C9 for a column whose value nobody but the database may give.
std::optional<Error> refuse_generated(const Table& table, const Column& column);

// 23502 for a NULL in a column that must not be; columns in `provisional` are not known yet.
std::optional<Error> check_row(const Table& table, const Row& row,
                               const std::vector<std::string>& provisional);

// 23514 for the first CHECK, by name, that `row` surely violates; `unknown`: see RowValues.
std::optional<Error> check_expressions(const Table& table, const Row& row,
                                       const std::set<std::size_t>& unknown);

// 23505 for the values that `row` has in `key`.
Error duplicate_key(const Table& table, const Key& key, const Row& row);

// 21000: one upsert names a row twice.
Error affected_twice();

// 42P10 unless `columns` are those of the primary key or a unique constraint.
Result<void> require_unique(const Table& table, const std::vector<std::size_t>& columns);

// 23503 for the values that `row` has in `key`, which no row of `parent` has.
Error missing_parent(const Table& table, const ForeignKey& key, const Table& parent,
                     const Row& row);

// 23503 for a row of `table` that cannot go because `key` of `child` refers to it.
Error still_referenced(const Table& table, const Table& child, const ForeignKey& key,
                       const Row& row);

// Appends the rows that `row` refers to by foreign key: relation and key, or "*" where the foreign
// key does not name a primary key.
void add_references(const Catalog& catalog, const Table& table, const Row& row,
                    std::vector<std::pair<std::string, std::string>>& references);
// The same of what a row, `before`, refers to no more once it is `after`.
void add_former_references(const Catalog& catalog, const Table& table, const Row& before,
                           const Row& after,
                           std::vector<std::pair<std::string, std::string>>& references);

// A foreign key of a table to one that the catalog has.
struct OutgoingKey {
  const Table* parent;
  const ForeignKey* key;
  std::vector<std::size_t> referenced;  // indices into the parent's columns; empty: not known

  // What the parent of `child` has in these columns; the others are NULL.
  Row parent_row(const Row& child) const;
};
std::vector<OutgoingKey> outgoing_keys(const Catalog& catalog, const Table& table);

// Whether one of the columns (indices) is NULL.
bool any_null(const Row& row, const std::vector<std::size_t>& columns);

// Whether values of the columns (indices) are equal here exactly where they are in Postgres; those
// of citext or of a nondeterministic collation are not.
bool compare_exactly(const Table& table, const std::vector<std::size_t>& columns);

// A foreign key of another table that refers to this one.
struct IncomingKey {
  const Table* table;
  const ForeignKey* key;
  std::vector<std::size_t> referenced;  // indices into this table's columns
};
std::vector<IncomingKey> incoming_keys(const Catalog& catalog, const Table& table);

}  // namespace holdfast::cache
