#pragma once

#include <string_view>

#include "cache/catalog/catalog.h"
#include "cache/catalog/node.h"
#include "gateway/base/result.h"

// What the catalog document and the bundle have in common. Free functions; thread-safe.
namespace holdfast::cache {

// `text` as JSON; HF400 when it is none.
Result<nlohmann::json> read_json(std::string_view text);
Error bad_document(const std::string& what);

// The document of catalog.sql; errors as parse_catalog().
Result<Catalog> read_catalog(const nlohmann::json& document);

// One relation's object. Its keys and foreign keys name columns that it has, or the Problem says
// so. `schema` and `name` come from the caller: the two forms keep them in different places.
Table read_table(const Node& node, std::string schema, std::string name);
ForeignKey read_foreign_key(const Node& node, const Table& table);
Key read_key(const Node& node, const Table& table);

}  // namespace holdfast::cache
