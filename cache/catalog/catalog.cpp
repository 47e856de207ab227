#include "cache/catalog/catalog.h"

#include <algorithm>
#include <array>
#include <utility>

namespace holdfast::cache {
namespace {

std::string index_key(std::string_view schema, std::string_view table) {
  std::string key;
  key.reserve(schema.size() + 1 + table.size());
  key.append(schema).push_back('\0');
  return key.append(table);
}

bool kept_by_sqlite(std::string_view identifier) {
  constexpr std::array<std::string_view, 3> kRowidNames = {"rowid", "oid", "_rowid_"};
  return identifier.starts_with("sqlite_") ||
         std::ranges::find(kRowidNames, identifier) != kRowidNames.end();
}

// One part of a replica table's name; a dot in it is marked, so that "a.b"."c" and "a"."b.c"
// differ.
std::string table_name_part(std::string_view identifier) {
  std::string part;
  for (const char c : storage_name(identifier)) {
    if (c == '.') part.push_back('^');
    part.push_back(c);
  }
  return part;
}

std::vector<std::string> schemas_of(const std::vector<Table>& tables) {
  std::vector<std::string> schemas;
  for (const Table& table : tables) {
    if (std::ranges::find(schemas, table.schema) == schemas.end()) schemas.push_back(table.schema);
  }
  return schemas;
}

}  // namespace

const Column* Table::find_column(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &Column::name);
  return found == columns.end() ? nullptr : &*found;
}

std::optional<std::size_t> Table::column_index(std::string_view column) const {
  const Column* const found = find_column(column);
  if (found == nullptr) return std::nullopt;
  return static_cast<std::size_t>(found - columns.data());
}

bool Table::is_key(std::size_t column) const {
  if (!primary_key) return false;
  return std::ranges::find(primary_key->columns, column) != primary_key->columns.end();
}

std::vector<std::size_t> Table::kept_columns() const {
  std::vector<std::size_t> kept;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].kept) kept.push_back(i);
  }
  return kept;
}

Catalog::Catalog(std::vector<Table> tables, std::vector<Function> functions,
                 std::vector<std::string> schemas,
                 std::map<std::string, std::string> schema_comments,
                 std::vector<MediaHandler> media_handlers)
    : schemas_(std::move(schemas)),
      schema_comments_(std::move(schema_comments)),
      media_handlers_(std::move(media_handlers)),
      tables_(std::move(tables)),
      functions_(std::move(functions)) {
  if (schemas_.empty()) schemas_ = schemas_of(tables_);
  for (std::size_t i = 0; i < tables_.size(); ++i) {
    Table& table = tables_[i];
    table.storage_name = table_name_part(table.schema) + "." + table_name_part(table.name);
    table.exposed = std::ranges::find(schemas_, table.schema) != schemas_.end();
    for (Column& column : table.columns) column.storage_name = storage_name(column.name);
    index_.emplace(index_key(table.schema, table.name), i);
  }
}

void Catalog::leave_out(const std::function<bool(const Table&, const Column&)>& left_out) {
  for (Table& table : tables_) {
    for (Column& column : table.columns) column.kept = !left_out(table, column);
  }
}

void Catalog::set_sessions(std::map<std::string, Session, std::less<>> sessions) {
  sessions_ = std::move(sessions);
  sessions_.try_emplace("");
}

const Session& Catalog::session(std::string_view role) const {
  const auto own = sessions_.find(role);
  return own != sessions_.end() ? own->second : sessions_.find("")->second;
}

const Table* Catalog::find(std::string_view schema, std::string_view table) const {
  const auto found = index_.find(index_key(schema, table));
  return found == index_.end() ? nullptr : &tables_[found->second];
}

const Function* Catalog::find_computed(const Table& table, std::string_view name) const {
  const auto found = std::ranges::find_if(functions_, [&](const Function& function) {
    if (function.name != name || function.arguments.empty()) return false;
    const auto& row_of = function.arguments.front().row_of;
    return row_of && row_of->schema == table.schema && row_of->table == table.name;
  });
  return found == functions_.end() ? nullptr : &*found;
}

std::string Catalog::hash() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::uint64_t state = 0xcbf29ce484222325;  // FNV-1a: its offset basis and prime of 64 bits
  for (const char c : print_catalog(*this)) {
    state = (state ^ static_cast<unsigned char>(c)) * 0x100000001b3;
  }
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kDigits[(state >> shift) & 0xf]);
  return text;
}

std::string storage_name(std::string_view identifier) {
  std::string name;
  // Before a letter it could meet an upper-case one's: "rowid" and "Rowid".
  if (kept_by_sqlite(identifier)) name = "^_";
  for (const char c : identifier) {
    if ((c >= 'A' && c <= 'Z') || c == '^') name.push_back('^');
    name.push_back(c);
  }
  return name;
}

}  // namespace holdfast::cache
