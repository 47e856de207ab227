#pragma once

#include <optional>

#include "cache/query/query.h"
#include "gateway/http/headers.h"

namespace holdfast::routes {

// How rows are to be shaped, from the Accept lines.
struct MediaType {
  cache::query::Form form = cache::query::Form::kArray;
  bool nulls_stripped = false;
  const char* content_type = "application/json; charset=utf-8";
};

// The first acceptable type that is answered here; nullopt when there is none, or when one comes
// first that only the upstream makes, such as geo+json or a plan. Nothing asked means JSON.
std::optional<MediaType> negotiate(const http::Headers& headers);

}  // namespace holdfast::routes
