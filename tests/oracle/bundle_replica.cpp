#include "tests/oracle/bundle_replica.h"

#include <fstream>
#include <sstream>

#include "cache/query/query.h"
#include "cache/query/sql_text.h"
#include "cache/values/codec.h"

namespace holdfast::tests {
namespace {

using cache::Column;
using cache::Statement;
using cache::Table;
using cache::TypeKind;
using cache::query::quote_identifier;

bool integral(TypeKind kind) {
  return kind == TypeKind::kInt2 || kind == TypeKind::kInt4 || kind == TypeKind::kInt8;
}

bool rowid_alias(const Table& table, const Column& column) {
  return table.primary_key && table.primary_key->columns.size() == 1 &&
         &table.columns[table.primary_key->columns[0]] == &column && integral(column.type.kind);
}

void store_row(BundleReplica& replica, const Table& table, const nlohmann::json& row) {
  std::string marks;
  for (std::size_t i = 0; i < table.columns.size(); ++i) marks += i == 0 ? "?" : ",?";
  Statement& insert = replica.database.cached(
      "INSERT INTO " + quote_identifier(table.storage_name) + " VALUES (" + marks + ")");
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const Column& column = table.columns[i];
    const auto cell = row.find(column.name);
    const std::string token = cell == row.end() ? "null" : cell->dump();
    const auto value = cache::parse_json(column.type, token);
    if (value) {
      insert.bind(static_cast<int>(i) + 1, *value);
    } else {
      replica.refused.push_back(table.name + "." + column.name + ": " + value.error().message);
      insert.bind(static_cast<int>(i) + 1, cache::Null{});
    }
  }
  insert.run();
}

}  // namespace

void create_table(cache::Database& database, const Table& table) {
  std::string columns;
  for (const Column& column : table.columns) {
    columns += (columns.empty() ? "" : ", ") + quote_identifier(column.storage_name);
    if (rowid_alias(table, column)) columns += " INTEGER PRIMARY KEY";
  }
  // SQLite has no table without columns.
  if (columns.empty()) columns = "\"^none\"";
  database.execute("CREATE TABLE " + quote_identifier(table.storage_name) + " (" + columns + ")");
  int number = 0;
  for (const auto& key : table.foreign_keys) {
    std::string list;
    for (const auto column : key.columns) {
      list += (list.empty() ? "" : ", ") + quote_identifier(table.columns[column].storage_name);
    }
    database.execute("CREATE INDEX " +
                     quote_identifier(table.storage_name + "_fk" + std::to_string(++number)) +
                     " ON " + quote_identifier(table.storage_name) + " (" + list + ")");
  }
}

std::unique_ptr<BundleReplica> load_bundle(const std::filesystem::path& bundle) {
  std::ifstream file(bundle);
  std::stringstream text;
  text << file.rdbuf();
  auto replica = std::make_unique<BundleReplica>();
  auto catalog = cache::catalog_of_bundle(text.str());
  if (!catalog) throw std::runtime_error(describe(catalog.error()));
  replica->catalog = *std::move(catalog);
  cache::query::register_functions(replica->database);
  const auto document = nlohmann::json::parse(text.str());
  const auto& relations = document["tables"];
  for (const Table& table : replica->catalog.tables()) {
    create_table(replica->database, table);
    const auto relation = relations.find(table.name);
    if (!table.exposed || table.columns.empty() || relation == relations.end()) continue;
    const auto rows = relation->find("rows");
    if (rows == relation->end() || !rows->is_array()) continue;
    for (const auto& row : *rows) store_row(*replica, table, row);
  }
  return replica;
}

}  // namespace holdfast::tests
