#pragma once

#include <string>

#include "cache/catalog/table.h"
#include "cache/values/json.h"

namespace holdfast::routes {

// The conditions of a query that select the one row of this key: "&id=eq.7".
std::string key_conditions(const cache::RawObject& key);
// The same of a JSON object.
std::string key_conditions(const std::string& key);

// What `select` names for the primary key: "id","line", percent-encoded.
std::string key_columns(const cache::Table& table);

}  // namespace holdfast::routes
