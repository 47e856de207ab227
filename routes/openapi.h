#pragma once

#include <string>

#include "cache/catalog/catalog.h"

namespace holdfast::routes {

// Where the API is reached, as the document tells it.
struct ApiAddress {
  bool secure = false;
  std::string host;  // with its port
};

// The description of a schema that PostgREST answers at the API's root: OpenAPI 2, from the
// catalog, of the relations and functions that `role` has any grant on. Where nothing is known of
// grants, all of them.
std::string openapi_document(const cache::Catalog& catalog, const std::string& schema,
                             const std::string& role, const ApiAddress& address);

}  // namespace holdfast::routes
