#include "cache/replica/row_store.h"

#include <set>
#include <stdexcept>

#include "cache/query/sql_text.h"
#include "cache/values/codec.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache {
namespace {

std::string identifier_list(const Table& table, const std::vector<std::size_t>& columns) {
  std::string list;
  for (const std::size_t index : columns) {
    if (!list.empty()) list += ',';
    list += query::quote_identifier(table.columns[index].storage_name);
  }
  return list;
}

std::string all_names(const Table& table) {
  std::string list;
  for (const Column& column : table.columns) {
    if (!list.empty()) list += ',';
    list += query::quote_identifier(column.storage_name);
  }
  return list;
}

// Columns have no SQLite type: values are stored as they are bound, and only their order is fixed.
std::string column_definition(const Column& column) {
  std::string definition = query::quote_identifier(column.storage_name);
  const std::string_view collation = collation_of(column.type);
  if (collation != "BINARY") definition += " COLLATE " + std::string(collation);
  return definition;
}

bool is_rowid_alias(const Table& table) {
  if (!table.primary_key || table.primary_key->columns.size() != 1) return false;
  return is_integer(table.columns[table.primary_key->columns[0]].type.kind);
}

std::string create_sql(const Table& table) {
  std::string sql =
      "CREATE TABLE IF NOT EXISTS " + query::quote_identifier(table.storage_name) + "(";
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (i > 0) sql += ',';
    sql += column_definition(table.columns[i]);
    if (is_rowid_alias(table) && table.is_key(i)) sql += " INTEGER PRIMARY KEY";
  }
  if (table.primary_key && !is_rowid_alias(table)) {
    sql += ",PRIMARY KEY(" + identifier_list(table, table.primary_key->columns) + ")";
  }
  return sql + ")";
}

// "a"=?1 AND "b"=?2
std::string condition(const Table& table, const std::vector<std::size_t>& columns) {
  std::string sql;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    if (i > 0) sql += " AND ";
    sql += query::quote_identifier(table.columns[columns[i]].storage_name) + "=?" +
           std::to_string(i + 1);
  }
  return sql;
}

// `values` must live until the statement has run.
void bind_all(Statement& statement, const std::vector<Value>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const int parameter = static_cast<int>(i) + 1;
    if (const auto* text = std::get_if<std::string>(&values[i])) {
      statement.bind_borrowed(parameter, *text);
    } else {
      statement.bind(parameter, values[i]);
    }
  }
}

std::string put_sql(const Table& table) {
  std::string values;
  std::string assignments;
  std::string differences;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const std::string name = query::quote_identifier(table.columns[i].storage_name);
    values += (i > 0 ? ",?" : "?") + std::to_string(i + 1);
    if (table.is_key(i)) continue;
    if (!assignments.empty()) assignments += ',';
    assignments.append(name).append("=excluded.").append(name);
    if (!differences.empty()) differences += " OR ";
    // Text that a value-comparing collation calls equal (1.5 and 1.50) is another row all the same.
    differences.append(name).append(" IS NOT excluded.").append(name).append(" COLLATE BINARY");
  }
  std::string sql = "INSERT INTO " + query::quote_identifier(table.storage_name) + "(" +
                    all_names(table) + ") VALUES(" + values + ")";
  if (table.primary_key) {
    sql += " ON CONFLICT(" + identifier_list(table, table.primary_key->columns) + ") DO ";
    sql += assignments.empty() ? "NOTHING" : "UPDATE SET " + assignments + " WHERE " + differences;
  }
  return sql;
}

Row read_row(Statement& statement, std::size_t columns) {
  Row row;
  row.reserve(columns);
  for (std::size_t i = 0; i < columns; ++i) {
    row.push_back(own(statement.column(static_cast<int>(i) + 1)));
  }
  return row;
}

std::set<std::string, std::less<>> existing_columns(Database& database, const Table& table) {
  std::set<std::string, std::less<>> names;
  Statement statement(database, "SELECT name FROM pragma_table_info(?1)");
  statement.bind(1, std::string_view(table.storage_name));
  while (statement.step()) names.emplace(statement.text(0));
  return names;
}

void create_index(Database& database, const Table& table, const std::vector<std::size_t>& columns) {
  std::string name = table.storage_name;
  for (const std::size_t index : columns) name += "|" + table.columns[index].storage_name;
  database.execute("CREATE INDEX IF NOT EXISTS " + query::quote_identifier(name) + " ON " +
                   query::quote_identifier(table.storage_name) + "(" +
                   identifier_list(table, columns) + ")");
}

}  // namespace

RowStore::RowStore(const Table& table)
    : table_(table),
      select_("SELECT rowid," + all_names(table) + " FROM " +
              query::quote_identifier(table.storage_name) + " WHERE "),
      put_(put_sql(table)) {
  if (!table.primary_key) return;
  find_ = select_ + condition(table, table.primary_key->columns);
  erase_ = "DELETE FROM " + query::quote_identifier(table.storage_name) + " WHERE " +
           condition(table, table.primary_key->columns);
}

bool RowStore::create(Transaction& transaction) const {
  Database& database = transaction.database();
  database.execute(create_sql(table_));
  bool added = false;
  const auto existing = existing_columns(database, table_);
  for (const Column& column : table_.columns) {
    if (existing.contains(column.storage_name)) continue;
    database.execute("ALTER TABLE " + query::quote_identifier(table_.storage_name) +
                     " ADD COLUMN " + column_definition(column));
    added = true;
  }
  // Uniqueness is the upstream's to enforce: rows of a swap arrive one by one. So plain indexes.
  for (const Key& key : table_.unique) create_index(database, table_, key.columns);
  for (const ForeignKey& key : table_.foreign_keys) create_index(database, table_, key.columns);
  return added;
}

void RowStore::create_sparse_index(Transaction& transaction, std::size_t column) const {
  const std::string& name = table_.columns[column].storage_name;
  transaction.database().execute(
      "CREATE INDEX IF NOT EXISTS " +
      query::quote_identifier("hf_sparse|" + table_.storage_name + "|" + name) + " ON " +
      query::quote_identifier(table_.storage_name) + "(" + query::quote_identifier(name) +
      ") WHERE " + query::quote_identifier(name) + " IS NOT NULL");
}

void RowStore::forget(Transaction& transaction, std::size_t column) const {
  Database& database = transaction.database();
  const Column& gone = table_.columns[column];
  if (!existing_columns(database, table_).contains(gone.storage_name)) return;
  // Renamed, not emptied: it may compare by another collation, and learned indexes may be on it.
  database.execute("ALTER TABLE " + query::quote_identifier(table_.storage_name) +
                   " RENAME COLUMN " + query::quote_identifier(gone.storage_name) + " TO " +
                   query::quote_identifier(
                       "hf_gone_" + std::to_string(existing_columns(database, table_).size()) +
                       "_" + gone.storage_name));
}

void RowStore::forget_others(Transaction& transaction) const {
  Database& database = transaction.database();
  auto others = existing_columns(database, table_);
  for (const std::size_t index : table_.kept_columns()) {
    others.erase(table_.columns[index].storage_name);
  }
  std::string assignments;
  std::string filled;
  for (const std::string& other : others) {
    const std::string name = query::quote_identifier(other);
    assignments += (assignments.empty() ? "" : ",") + name + "=NULL";
    filled += (filled.empty() ? "" : " OR ") + name + " IS NOT NULL";
  }
  if (others.empty()) return;
  database.execute("UPDATE " + query::quote_identifier(table_.storage_name) + " SET " +
                   assignments + " WHERE " + filled);
}

void RowStore::drop(Transaction& transaction) const {
  transaction.database().execute("DROP TABLE IF EXISTS " +
                                 query::quote_identifier(table_.storage_name));
}

bool RowStore::exists(Database& database) const { return database.has_table(table_.storage_name); }

std::optional<StoredRow> RowStore::find(Database& database, const std::vector<Value>& key) const {
  Statement& statement = database.cached(find_);
  bind_all(statement, key);
  if (!statement.step()) return std::nullopt;
  StoredRow found{statement.integer(0), read_row(statement, table_.columns.size())};
  statement.reset();
  return found;
}

std::optional<StoredRow> RowStore::find_by(Database& database,
                                           const std::vector<std::size_t>& columns,
                                           const Row& row) const {
  Statement& statement = database.cached(select_ + condition(table_, columns) + " LIMIT 1");
  for (std::size_t i = 0; i < columns.size(); ++i) {
    statement.bind(static_cast<int>(i) + 1, row[columns[i]]);
  }
  if (!statement.step()) return std::nullopt;
  StoredRow found{statement.integer(0), read_row(statement, table_.columns.size())};
  statement.reset();
  return found;
}

std::vector<Row> RowStore::list_by(Database& database, const std::vector<std::size_t>& columns,
                                   const std::vector<Value>& values) const {
  Statement& statement = database.cached(select_ + condition(table_, columns) + " ORDER BY rowid");
  bind_all(statement, values);
  std::vector<Row> rows;
  while (statement.step()) rows.push_back(read_row(statement, table_.columns.size()));
  return rows;
}

void RowStore::for_each(Database& database, const std::function<void(const Row&)>& row) const {
  Statement statement(database, select_ + "true");
  while (statement.step()) row(read_row(statement, table_.columns.size()));
}

std::int64_t RowStore::count(Database& database) const {
  Statement& statement =
      database.cached("SELECT count(*) FROM " + query::quote_identifier(table_.storage_name));
  statement.step();
  const std::int64_t rows = statement.integer(0);
  statement.reset();
  return rows;
}

std::int64_t RowStore::largest(Database& database, std::size_t column) const {
  return extreme(database, "max", column);
}

std::int64_t RowStore::smallest(Database& database, std::size_t column) const {
  return extreme(database, "min", column);
}

std::int64_t RowStore::extreme(Database& database, const char* function, std::size_t column) const {
  Statement& statement =
      database.cached(std::string("SELECT ") + function + "(" +
                      query::quote_identifier(table_.columns[column].storage_name) + ") FROM " +
                      query::quote_identifier(table_.storage_name));
  statement.step();
  const std::int64_t value = statement.is_null(0) ? 0 : statement.integer(0);
  statement.reset();
  return value;
}

Row RowStore::get(Database& database, std::int64_t rowid) const {
  Statement& statement = database.cached(select_ + "rowid=?1");
  statement.bind(1, rowid);
  if (!statement.step()) throw std::logic_error("no row " + std::to_string(rowid));
  Row row = read_row(statement, table_.columns.size());
  statement.reset();
  return row;
}

void RowStore::put(Transaction& transaction, const Row& row) const {
  Statement& statement = transaction.database().cached(put_);
  bind_all(statement, row);
  statement.run();
}

void RowStore::erase(Transaction& transaction, const std::vector<Value>& key) const {
  Statement& statement = transaction.database().cached(erase_);
  bind_all(statement, key);
  statement.run();
}

void RowStore::erase_all(Transaction& transaction) const {
  transaction.database().execute("DELETE FROM " + query::quote_identifier(table_.storage_name));
}

}  // namespace holdfast::cache
