#include "routes/row_path.h"

#include <nlohmann/json.hpp>

#include "gateway/http/uri.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

// A JSON value as a filter compares with it.
std::string filter_value(const json& value) {
  return http::percent_encode(value.is_string() ? value.get<std::string>() : value.dump());
}

}  // namespace

std::string key_conditions(const json& key) {
  std::string conditions;
  for (const auto& [column, value] : key.items()) {
    conditions += "&" + http::percent_encode(column) + "=eq." + filter_value(value);
  }
  return conditions;
}

std::string key_columns(const cache::Table& table) {
  std::string columns;
  for (const std::size_t index : table.primary_key->columns) {
    columns +=
        (columns.empty() ? "" : ",") + http::percent_encode('"' + table.columns[index].name + '"');
  }
  return columns;
}

}  // namespace holdfast::routes
