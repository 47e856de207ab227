#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "cache/catalog/table.h"
#include "cache/query/syntax.h"
#include "gateway/base/error.h"

// The request's operators as SQLite and Postgres call them. Free functions; thread-safe.
namespace holdfast::cache::query {

// With spaces around it: " <= ".
const char* sql_operator(Operator op);

// For messages.
const char* postgres_operator(Operator op);

// 42883 operator does not exist: json = unknown
Error no_operator(const std::string& left, Operator op);
// The comparisons of enums are made for any enum, which a domain over one is not: Postgres finds
// none for it.
bool is_enum_domain(const Column* column);

// The SQL function of an operator on ranges, arrays or jsonb, opened: "hf_range_overlaps("; null
// when it is not evaluated here.
const char* set_function(const Type& type, Operator op);

// The plain text that a regular expression without operators stands for, as a LIKE pattern; only ^
// and $ at the ends are understood.
std::optional<std::string> plain_pattern(std::string_view expression);

}  // namespace holdfast::cache::query
