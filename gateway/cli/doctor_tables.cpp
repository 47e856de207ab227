#include <algorithm>

#include "gateway/cli/findings.h"

namespace holdfast::cli {
namespace {

using Level = Finding::Level;

std::string section_of(const std::string& name) {
  return "[tables." + (name.find('.') == std::string::npos ? name : '"' + name + '"') + "]";
}

const cache::Table* table_named(const cache::Catalog& catalog, const cache::ReplicaOptions& options,
                                const std::string& name) {
  for (const cache::Table& table : catalog.tables()) {
    if (table.exposed && options.lists({name}, table)) return &table;
  }
  return nullptr;
}

Finding unknown_table(const std::string& place, const std::string& name) {
  const bool has_schema = name.find('.') != std::string::npos;
  return {
      Level::kAdvice, "tables", place + " names no table of the schema that is kept",
      "correct the name" +
          std::string(has_schema ? "" : "; a table outside the first schema is \"SCHEMA.NAME\"")};
}

// What the section calls columns.
std::vector<std::string> columns_named(const cache::TableOptions& options) {
  std::vector<std::string> names = {options.version_column, options.deleted_at_column};
  if (options.updated_at_column != "none") names.push_back(options.updated_at_column);
  if (!options.transitions.empty()) names.push_back(options.transition_column);
  names.insert(names.end(), options.columns.begin(), options.columns.end());
  std::erase_if(names, [](const std::string& name) { return name.empty() || name == "*"; });
  return names;
}

}  // namespace

Findings check_tables(const config::Config& config, const cache::Catalog& catalog) {
  Findings found;
  for (const auto& [name, options] : config.replica.table_options) {
    const cache::Table* table = table_named(catalog, config.replica, name);
    if (table == nullptr) {
      found.push_back(unknown_table(section_of(name), name));
      continue;
    }
    for (const std::string& column : columns_named(options)) {
      if (table->find_column(column) != nullptr) continue;
      found.push_back({Level::kAdvice, "tables",
                       section_of(name) + " names a column that the table has not: " + column,
                       "correct the name, or holdfast catalog pull if the column is new"});
    }
  }
  for (const std::string& name : config.replica.tables) {
    if (name == "*" || table_named(catalog, config.replica, name) != nullptr) continue;
    found.push_back(unknown_table("[cache] tables, \"" + name + "\",", name));
  }
  return found;
}

}  // namespace holdfast::cli
