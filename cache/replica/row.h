#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/catalog/catalog.h"
#include "cache/sqlite/value.h"
#include "cache/values/json.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

// A row's stored values, one for each column of its Table, in order.
using Row = std::vector<Value>;

// "schema.table": how bookkeeping names a table.
std::string relation_of(const Table& table);

// The row as a JSON object of all columns, as PostgREST prints it.
std::string print_row(const Table& table, const Row& row);
// nullopt stays nullopt.
std::optional<std::string> print_row(const Table& table, const std::optional<Row>& row);
// The columns of `columns` (indices) only.
std::string print_columns(const Table& table, const Row& row,
                          const std::vector<std::size_t>& columns);

// Those whose values are kept here.
std::string print_kept_row(const Table& table, const Row& row);

// Whether it is json's own null.
bool is_json_null(const Column& column, const Value& value);

bool holds_json_null(const Table& table, const Row& row);

// The row as print_row() has it, and where it holds the json null, which JSON does not tell from no
// value, as the member "" the names of those columns: for what is kept.
std::string print_image(const Table& table, const Row& row);
// The same of the columns whose values are kept here.
std::string print_kept_image(const Table& table, const Row& row);

// Reads an object that one of these or the upstream wrote. Members that the table
// does not have are passed over; columns that the object does not have are NULL.
Result<Row> parse_row(const Table& table, std::string_view object);

// Reads a JSON array of such objects, or one. `read` hears after each which part of all it was.
Result<std::vector<Row>> parse_rows(const Table& table, std::string_view json,
                                    const std::function<void(double part)>& read = {});

// Overwrites the columns that `object` names.
Result<void> merge_row(const Table& table, std::string_view object, Row& row);

// The same for what was kept here, perhaps since before a change of the schema: a value that its
// column's type of now cannot hold leaves the column as it was.
Result<void> merge_kept_row(const Table& table, std::string_view object, Row& row);

}  // namespace holdfast::cache
