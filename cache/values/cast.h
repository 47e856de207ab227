#pragma once

#include "cache/catalog/type.h"
#include "cache/sqlite/value.h"
#include "gateway/base/result.h"

// Explicit casts, as CAST(x AS type) makes them in a session in UTC. Free functions; thread-safe.
namespace holdfast::cache {

// Whether cast_value() has Postgres' result for every value of `from`.
bool casts_exactly(const Type& from, const Type& to);

// False where Postgres surely has no cast from `from` to `to`: CAST is then an error, whatever the
// value.
bool has_cast(const Type& from, const Type& to);

// `value` is no NULL. Errors: those of the target's input function, 22003 "integer out of range",
// 22008 "date out of range for timestamp", 0A000 "cannot convert NaN to integer".
Result<Value> cast_value(const Type& from, const Type& to, const ValueView& value);

}  // namespace holdfast::cache
