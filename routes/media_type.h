#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cache/catalog/catalog.h"
#include "cache/query/query.h"
#include "gateway/base/error.h"
#include "gateway/http/headers.h"

namespace holdfast::routes {

// One member of the Accept lines.
struct AcceptedType {
  std::string name;                     // without parameters
  std::vector<std::string> parameters;  // but q
  double quality = 1.0;

  bool is(std::string_view other) const { return http::equals_ignoring_case(name, other); }
};

// The preferred first, as PostgREST sorts them: by q, then the ones with more parameters and
// without wildcards, then in their order.
std::vector<AcceptedType> accepted_types(const http::Headers& headers);

// PGRST107.
Error not_acceptable(const std::vector<AcceptedType>& accepted);

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

// The preferred type that can be had. Nothing asked means JSON.
Negotiated negotiate(const http::Headers& headers);
// Whether one row is wanted, and no other number of them is to have any effect.
bool wants_one_row(const http::Headers& headers);
// negotiate() for a read of `table`, for which the catalog may have handlers of its own: what one
// of them makes is MadeUpstream. `query` is the target's.
Negotiated negotiate(const http::Headers& headers, const cache::Catalog& catalog,
                     const cache::Table& table, std::string_view query);

}  // namespace holdfast::routes
