#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cache/catalog/catalog.h"

// The parts of the OpenAPI document that describe values. Free functions; thread-safe.
namespace holdfast::routes {

using Json = nlohmann::ordered_json;

// The OpenAPI type of a Postgres type by its name without modifier: nullopt for json and jsonb,
// which may be any.
std::optional<std::string> openapi_type(std::string_view type);

// The format of a Postgres type: its name, but of integers OpenAPI's own (PostgREST 14.8 on).
std::string openapi_format(const std::string& type);

// {"format","type","items"} of a Postgres type.
Json value_schema(const std::string& type);

// The definition of a relation: an object with its columns.
Json relation_definition(const cache::Catalog& catalog, const cache::Table& table);

// The object that a function takes as its body.
Json arguments_definition(const cache::Function& function);

// A comment's first line, and what follows it; nullopt where there is none.
struct Comment {
  std::optional<std::string> summary;
  std::optional<std::string> description;
};
Comment split_comment(const std::string& comment);

}  // namespace holdfast::routes
