#include "routes/row_path.h"

#include "gateway/http/uri.h"

namespace holdfast::routes {

std::string key_conditions(const cache::RawObject& key) {
  std::string conditions;
  for (const auto& [column, token] : key) {
    const std::string value = token.starts_with('"') ? cache::decode_json_string(token) : token;
    conditions += "&" + http::percent_encode(column) + "=eq." + http::percent_encode(value);
  }
  return conditions;
}

std::string key_conditions(const std::string& key) {
  const auto object = cache::parse_body(key);
  return object && object->rows.size() == 1 ? key_conditions(object->rows[0]) : "";
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
