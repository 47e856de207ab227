#include "cache/replica/options.h"

#include <algorithm>

#include "cache/catalog/table.h"
#include "cache/replica/row.h"

namespace holdfast::cache {

const TableOptions& ReplicaOptions::of(const Table& table) const {
  static const TableOptions defaults;
  if (table_options.empty()) return defaults;
  auto found = table_options.end();
  if (table.schema == default_schema) found = table_options.find(table.name);
  if (found == table_options.end()) found = table_options.find(relation_of(table));
  return found == table_options.end() ? defaults : found->second;
}

std::string ReplicaOptions::name_of(const Table& table) const {
  return table.schema == default_schema ? table.name : relation_of(table);
}

bool ReplicaOptions::lists(const std::vector<std::string>& list, const Table& table) const {
  const auto has = [&](const std::string& name) {
    return std::find(list.begin(), list.end(), name) != list.end();
  };
  return has(relation_of(table)) || (table.schema == default_schema && has(table.name));
}

}  // namespace holdfast::cache
