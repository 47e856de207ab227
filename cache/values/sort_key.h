#pragma once

#include <string>

#include "cache/catalog/type.h"
#include "cache/sqlite/value.h"

namespace holdfast::cache {

// Whether values of the type have a sort_key(): all but json, types that are only known by name,
// and arrays of these.
bool has_sort_key(const Type& type);

// A byte string for a stored value that is no NULL. Two of one type are equal, or ordered as bytes,
// exactly when Postgres says so of the values; of text (also inside arrays and jsonb) under a
// collation of byte order. Thread-safe.
std::string sort_key(const Type& type, const ValueView& value);

// Whether two stored values of the type are the same to Postgres, as IS NOT DISTINCT FROM has it;
// of types without a sort_key(), whether they are stored alike.
bool same_value(const Type& type, const Value& a, const Value& b);

}  // namespace holdfast::cache
