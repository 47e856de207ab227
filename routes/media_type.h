#pragma once

#include <variant>

#include "cache/query/query.h"
#include "gateway/base/error.h"
#include "gateway/http/headers.h"

namespace holdfast::routes {

// How rows are to be shaped, from the Accept lines.
struct MediaType {
  cache::query::Form form = cache::query::Form::kArray;
  bool nulls_stripped = false;
  const char* content_type = "application/json; charset=utf-8";
};

// Only the upstream makes the type that comes first, such as geo+json or a plan.
struct MadeUpstream {};
// PGRST107, unless the upstream has a handler for one of the types.
struct NotAcceptable {
  Error error;
};

using Negotiated = std::variant<MediaType, MadeUpstream, NotAcceptable>;

// The first acceptable type that can be had. Nothing asked means JSON.
Negotiated negotiate(const http::Headers& headers);

}  // namespace holdfast::routes
