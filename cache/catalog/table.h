#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/catalog/type.h"

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
  std::string generation_expression;  // as pg_get_expr() prints it; empty where it is not known
  Identity identity = Identity::kNo;
  // Its text order is byte order (collation C, POSIX or C.UTF-8), so SQLite's BINARY is exact.
  bool byte_order = true;
  // What orders it otherwise: PROVIDER/LOCALE/VERSION, such as "icu/en-US/153.120" (the version
  // that pg_collation has); "nondeterministic" where equal text may have other bytes; empty when it
  // is not known.
  std::string collation;
  std::string letters;  // "C" where only ASCII letters have cases, whatever the order is
  // A view's column that is a table's column unchanged, found through views over views.
  std::optional<ColumnOrigin> origin;
  std::string domain;  // the name of the domain that `type` is the base type of; else empty
  // The domain has casts from or to json or text, by which PostgREST reads and prints it.
  bool custom_casts = false;
  // False: its values are not kept here ([tables.NAME] columns). No part of the schema.
  bool kept = true;
  std::string comment;

  // In JSON an element that is an array cannot be told from another dimension.
  bool is_array_of_json() const {
    return type.kind == TypeKind::kArray &&
           (type.element->kind == TypeKind::kJson || type.element->kind == TypeKind::kJsonb);
  }

  // Whether its null in a JSON answer may be no value as well as the json null.
  bool has_two_nulls() const {
    return nullable && (type.kind == TypeKind::kJson || type.kind == TypeKind::kJsonb);
  }
};

// Columns are indices into Table::columns.
struct Key {
  std::string name;  // of the constraint or index
  std::vector<std::size_t> columns;
  // A unique index that no constraint has made: it refuses the same rows and decides ON CONFLICT,
  // but PostgREST takes no relationship for one-to-one by it.
  bool index_alone = false;
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
  // Of `columns` those that ON DELETE SET NULL or SET DEFAULT names; empty where it sets all.
  std::vector<std::size_t> set_on_delete;
};

enum class TableKind : std::uint8_t { kTable, kView, kMaterializedView, kForeignTable };

struct Trigger {
  std::string name;
  bool on_insert = false;
  bool on_update = false;
  bool on_delete = false;
  // It may change a row before that is checked and written: BEFORE ... FOR EACH ROW.
  bool before = true;
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
  // It may refuse rows for what is not listed here: unique indexes of expressions or of some rows,
  // NULLS NOT DISTINCT, EXCLUDE, MATCH FULL, partitions.
  bool more_constraints = false;
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
  // Role -> "insert", "update" -> the only columns that it may write so. What is absent here is
  // granted for all columns, or for none (see privileges).
  std::map<std::string, std::map<std::string, std::vector<std::string>>> column_privileges;
  std::string definition;  // a view's query
  std::string comment;

  const Column* find_column(std::string_view column) const;
  std::optional<std::size_t> column_index(std::string_view column) const;
  bool is_view() const { return kind == TableKind::kView || kind == TableKind::kMaterializedView; }
  // Whether `column` is part of the primary key.
  bool is_key(std::size_t column) const;
  // Those whose values are kept here, as indices.
  std::vector<std::size_t> kept_columns() const;
};

}  // namespace holdfast::cache
