#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cache/replica/row.h"

namespace holdfast::cache {

// A row's primary key as a JSON object, as PostgREST prints its columns: {"id":7}. Bookkeeping
// names rows so. The table must have a primary key.
std::string key_of(const Table& table, const Row& row);

// The key's stored values, in the key's column order. `key` must come from key_of(); another one
// is a fault.
std::vector<Value> key_values(const Table& table, std::string_view key);
std::vector<Value> key_values(const Table& table, const Row& row);

// "/rest/v1/todos".
std::string rest_path(const Table& table);

// The query parameters that select exactly the rows of `keys` from the upstream: "id=eq.7",
// "id=in.(7,8)", for a composite key "a=eq.1&b=eq.2" or "or=(and(a.eq.1,b.eq.2),…)".
// Percent-encoded.
std::string key_filter(const Table& table, const std::vector<std::string>& keys);

// The query parameter that exactly the rows with `value` in `column` meet: "title=eq.a",
// "title=is.null", inside and=(…) where the name means something else as a parameter's.
// Percent-encoded.
std::string value_filter(const Column& column, const Value& value);

// The same of every row that has a value there.
std::string presence_filter(const Column& column);

// A column's name as PostgREST's query language writes it, quoted where it needs to be, not yet
// percent-encoded.
std::string quoted_name(std::string_view column);

// The names of these columns as a JSON array.
std::string name_list(const Table& table, const std::vector<std::size_t>& columns);

// One value as a PostgREST filter writes it inside a list: quoted where it needs to be, not yet
// percent-encoded.
std::string filter_literal(const Type& type, const Value& value);

}  // namespace holdfast::cache
