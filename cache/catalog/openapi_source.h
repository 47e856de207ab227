#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cache/catalog/catalog.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

// A schema as PostgREST describes it at /rest/v1/ (OpenAPI 2.0).
struct SchemaDescription {
  std::string schema;
  std::string body;
};

// The catalog in these descriptions, one for each served schema, the default one first.
//
// Relations, columns, types, primary keys, NOT NULL and plain defaults are told; a catalog from
// here is partial (see Catalog::is_partial()). What is not told counts as the worst that it may be:
// every table has triggers and row-level security, every column without a visible default one that
// cannot be computed here, an integer key is made by the database, text is in an unknown order, and
// a relation that is not provably a table is a view.
// HF400 (kInvalidRequest) when a body is no such description, or none has a relation. Thread-safe.
Result<Catalog> catalog_of_openapi(const std::vector<SchemaDescription>& descriptions);

}  // namespace holdfast::cache
