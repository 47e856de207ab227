#include "cache/query/new_rows.h"

#include <algorithm>

#include "cache/query/sql_text.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache::query {
namespace {

// eq. on the key of one column.
bool names_one_row(const Place& place) {
  const std::string& key = place.table->columns[place.table->primary_key->columns[0]].name;
  return std::ranges::any_of(place.conditions, [&](const Condition* condition) {
    return condition->equal_value(key) != nullptr;
  });
}

bool unordered(const Place& place) {
  if (!place.order.empty() || place.aggregated() || !counts_keys(*place.table)) return false;
  if (place.embed == nullptr) return !names_one_row(place);
  return place.to_many() && place.relationship.junction == nullptr;
}

void add_probes(const Place& place, std::string& sql) {
  if (unordered(place)) {
    sql += sql.empty() ? "SELECT " : " OR ";
    sql +=
        "EXISTS(SELECT 1 FROM " + quote_identifier(place.table->storage_name) + " WHERE rowid < 0)";
  }
  for (const auto& embed : place.embeds) add_probes(*embed, sql);
}

}  // namespace

bool counts_keys(const Table& table) {
  if (!table.primary_key || table.primary_key->columns.size() != 1) return false;
  const Column& key = table.columns[table.primary_key->columns[0]];
  const bool counted = key.identity != Identity::kNo ||
                       (key.default_expression && key.default_expression->starts_with("nextval("));
  return counted && is_integer(key.type.kind);
}

std::string insertion_order(const Place& place, const PlanOptions& options) {
  const std::string row = place.alias + ".rowid";
  if (place.embed != nullptr && place.relationship.junction != nullptr) {
    return place.junction_alias() + ".rowid, " + row;
  }
  const bool counted = options.new_rows_last && counts_keys(*place.table);
  return counted ? row + " < 0, abs(" + row + ")" : row;
}

std::string new_rows_probe(const Place& root) {
  std::string sql;
  add_probes(root, sql);
  return sql;
}

}  // namespace holdfast::cache::query
