#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "cache/catalog/table.h"

namespace holdfast::routes {

// The conditions of a query that select the one row of this key, a JSON object: "&id=eq.7".
std::string key_conditions(const nlohmann::json& key);

// What `select` names for the primary key: "id","line", percent-encoded.
std::string key_columns(const cache::Table& table);

}  // namespace holdfast::routes
