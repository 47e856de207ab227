#pragma once

#include <optional>
#include <string>

#include "cache/catalog/catalog.h"
#include "cache/sqlite/value.h"
#include "gateway/base/clock.h"
#include "gateway/http/principal.h"

namespace holdfast::cache {

// What a default expression may depend on.
struct DefaultContext {
  const http::Principal& principal;
  Timestamp now;
  bool utc = true;  // the session's time zone is UTC
};

struct ComputedDefault {
  Value value;
  bool random = false;  // a UUID that nobody else can have made
};

// The value of `column`'s default: NULL without one, literals with their casts, the clock, random
// UUIDs, auth.uid() and auth.role(). nullopt when only the upstream can compute it (sequences,
// functions of the schema, identity and generated columns).
std::optional<ComputedDefault> compute_default(const Column& column, const DefaultContext& context);

}  // namespace holdfast::cache
