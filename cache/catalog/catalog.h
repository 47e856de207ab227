#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/catalog/type.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

enum class Generated : std::uint8_t { kNo, kStored };
enum class Identity : std::uint8_t { kNo, kByDefault, kAlways };

struct ColumnOrigin {
  std::string schema;
  std::string table;
  std::string column;
};

struct Column {
  std::string name;
  std::string storage_name;  // its name in the replica table, unquoted (see storage_name())
  Type type;
  std::string type_schema;  // of the type, or of an array's elements; empty: Postgres' own
  bool nullable = true;
  std::optional<std::string> default_expression;  // as pg_get_expr() prints it
  Generated generated = Generated::kNo;
  Identity identity = Identity::kNo;
  // Its text order is byte order (collation C, POSIX or C.UTF-8), so SQLite's BINARY is exact.
  bool byte_order = true;
  // A view's column that is a table's column unchanged, found through views over views.
  std::optional<ColumnOrigin> origin;
  std::string domain;  // the name of the domain that `type` is the base type of; else empty
  // The domain has casts from or to json or text, by which PostgREST reads and prints it.
  bool custom_casts = false;
  std::string comment;
};

// Columns are indices into Table::columns.
struct Key {
  std::string name;  // of the constraint
  std::vector<std::size_t> columns;
};

enum class ReferentialAction : std::uint8_t {
  kNoAction,
  kRestrict,
  kCascade,
  kSetNull,
  kSetDefault
};

struct ForeignKey {
  std::string name;
  std::vector<std::size_t> columns;  // of the referencing table
  std::string ref_schema;
  std::string ref_table;
  std::vector<std::string> ref_columns;
  ReferentialAction on_update = ReferentialAction::kNoAction;
  ReferentialAction on_delete = ReferentialAction::kNoAction;
};

enum class TableKind : std::uint8_t { kTable, kView, kMaterializedView, kForeignTable };

struct Trigger {
  std::string name;
  bool on_insert = false;
  bool on_update = false;
  bool on_delete = false;
};

struct Check {
  std::string name;
  std::string expression;
};

struct Table {
  std::string schema;
  std::string name;
  std::string storage_name;  // of its replica table, unquoted: never that of another schema's
  // False for a table outside the served schemas, which is here because a foreign key or a view's
  // column leads to it: no request may name it.
  bool exposed = true;
  TableKind kind = TableKind::kTable;
  std::vector<Column> columns;  // in attribute order
  std::optional<Key> primary_key;
  std::vector<Key> unique;
  std::vector<ForeignKey> foreign_keys;
  std::vector<Trigger> triggers;
  std::vector<Check> checks;
  // Whether rows can be written at all; of a view by its query, rules and triggers.
  bool insertable = true;
  bool updatable = true;
  bool deletable = true;
  bool row_security = false;
  // Role -> its privileges on the table or on any of its columns: "select", "insert", "update",
  // "delete"; those it inherits and those of PUBLIC included, none without USAGE on the schema. A
  // role that is absent has none; an empty map means that nothing is known of grants.
  std::map<std::string, std::vector<std::string>> privileges;
  std::string definition;  // a view's query
  std::string comment;

  const Column* find_column(std::string_view column) const;
  std::optional<std::size_t> column_index(std::string_view column) const;
  bool is_view() const { return kind == TableKind::kView || kind == TableKind::kMaterializedView; }
  // Whether `column` is part of the primary key.
  bool is_key(std::size_t column) const;
};

struct RelationName {
  std::string schema;
  std::string table;
};

// Of a function, input only.
struct Argument {
  std::string name;  // empty when it has none
  std::string type;
  bool has_default = false;
  bool variadic = false;
  std::optional<RelationName> row_of;  // set when its type is the row type of a table or view
};

enum class Volatility : std::uint8_t { kImmutable, kStable, kVolatile };

struct Function {
  std::string schema;
  std::string name;
  std::vector<Argument> arguments;
  Volatility volatility = Volatility::kVolatile;
  std::string returns;
  bool returns_set = false;
  // Who may call it; nullopt when nothing is known of grants.
  std::optional<std::vector<std::string>> roles;
  std::string comment;
};

// An aggregate that makes an answer of another media type than PostgREST's own.
struct MediaHandler {
  std::string media_type;                // lower case; "*/*" is for any
  std::optional<RelationName> relation;  // whose rows it takes; nullopt: any
};

// What is known of the upstream's schema.
//
// Immutable after construction.
class Catalog {
 public:
  Catalog() = default;
  // Fills in storage names, and Table::exposed from `schemas`, the served ones (the first is the
  // default); without any, every table's schema is served. Table and column order is kept.
  Catalog(std::vector<Table> tables, std::vector<Function> functions,
          std::vector<std::string> schemas = {},
          std::map<std::string, std::string> schema_comments = {},
          std::vector<MediaHandler> media_handlers = {});

  bool empty() const { return tables_.empty(); }
  const std::vector<std::string>& schemas() const { return schemas_; }
  // By schema, of those that have one.
  const std::map<std::string, std::string>& schema_comments() const { return schema_comments_; }
  const std::vector<Table>& tables() const { return tables_; }
  const std::vector<Function>& functions() const { return functions_; }
  const std::vector<MediaHandler>& media_handlers() const { return media_handlers_; }
  // Exposed or not.
  const Table* find(std::string_view schema, std::string_view table) const;
  // The function that makes `name` a computed column or relationship of `table`: its one argument
  // is the table's row. Its schema may be another one than the table's.
  const Function* find_computed(const Table& table, std::string_view name) const;
  // Changes with anything that print_catalog() shows; for finding schema drift. 16 hex digits,
  // the same in every process.
  std::string hash() const;

 private:
  std::vector<std::string> schemas_;
  std::map<std::string, std::string> schema_comments_;
  std::vector<MediaHandler> media_handlers_;
  std::vector<Table> tables_;
  std::vector<Function> functions_;
  std::unordered_map<std::string, std::size_t> index_;  // schema, NUL, table -> tables_
};

// The name that stands for a Postgres identifier in SQLite, whose names ignore ASCII case: a
// lower-case name is itself, every upper-case letter is preceded by '^', and '^' is doubled. "^_"
// goes before the names that SQLite keeps for itself (rowid, oid, _rowid_, sqlite_…). Two
// identifiers never share one.
std::string storage_name(std::string_view identifier);

// Reads the JSON document of catalog.sql: {"schemas":…,"tables":[…],"functions":[…]}. Unknown keys
// are ignored. HF400 (kInvalidRequest) with the place when it is no such document.
Result<Catalog> parse_catalog(std::string_view json);
// Writes the same form; parse_catalog(print_catalog(c)) equals c.
std::string print_catalog(const Catalog& catalog);
// A table as the bundle form has it, without its rows: a JSON object.
std::string print_bundle_table(const Table& table);

// The catalog in a bundle, the form of import and export (architecture.md, section 11): one
// schema's relations by name, with what is known of other schemas' keys. Rows are not looked at.
// Partitions are left out, as PostgREST does. A bundle that carries the whole document of
// print_catalog() as "catalog" is read by that alone. Errors as parse_catalog().
Result<Catalog> catalog_of_bundle(std::string_view json);

}  // namespace holdfast::cache
