#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cache/catalog/function.h"
#include "cache/catalog/session.h"
#include "cache/catalog/table.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

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
  // It names relations, columns and primary keys, and not all else that decides an answer: unique
  // constraints, every relationship, computed columns, functions. What depends on those, and that
  // something does not exist, is for the upstream to say.
  bool is_partial() const { return partial_; }
  void mark_partial() { partial_ = true; }
  // Sets Column::kept: false where `left_out` says so.
  void leave_out(const std::function<bool(const Table&, const Column&)>& left_out);
  const std::vector<std::string>& schemas() const { return schemas_; }
  // By schema, of those that have one.
  const std::map<std::string, std::string>& schema_comments() const { return schema_comments_; }
  const std::vector<Table>& tables() const { return tables_; }
  const std::vector<Function>& functions() const { return functions_; }
  const std::vector<MediaHandler>& media_handlers() const { return media_handlers_; }
  // By role; the others have "".
  void set_sessions(std::map<std::string, Session, std::less<>> sessions);
  const std::map<std::string, Session, std::less<>>& sessions() const { return sessions_; }
  const Session& session(std::string_view role = "") const;
  // Exposed or not.
  const Table* find(std::string_view schema, std::string_view table) const;
  // The function that makes `name` a computed column or relationship of `table`: its first argument
  // is the table's row. Its schema may be another one than the table's.
  const Function* find_computed(const Table& table, std::string_view name) const;
  // Changes with anything that print_catalog() shows; for finding schema drift. 16 hex digits,
  // the same in every process.
  std::string hash() const;

 private:
  bool partial_ = false;
  std::vector<std::string> schemas_;
  std::map<std::string, std::string> schema_comments_;
  std::vector<MediaHandler> media_handlers_;
  std::map<std::string, Session, std::less<>> sessions_ = {{"", {}}};
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
