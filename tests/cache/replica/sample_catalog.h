#pragma once

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/catalog/catalog.h"

// A small schema, shared by the tests of cache/replica and what lies above.
namespace holdfast::cache::sample {

struct ColumnText {
  const char* name;
  const char* type;
  bool nullable = true;
  std::optional<std::string> default_expression = std::nullopt;
  Identity identity = Identity::kNo;
  Generated generated = Generated::kNo;
};

inline std::vector<Column> columns(std::initializer_list<ColumnText> texts) {
  std::vector<Column> columns;
  for (const ColumnText& text : texts) {
    Column column;
    column.name = text.name;
    column.type = make_type(text.type);
    column.nullable = text.nullable;
    column.default_expression = text.default_expression;
    column.identity = text.identity;
    column.generated = text.generated;
    columns.push_back(std::move(column));
  }
  return columns;
}

inline Table table(const char* name, std::vector<Column> columns, std::vector<std::size_t> key) {
  Table table;
  table.schema = "public";
  table.name = name;
  table.columns = std::move(columns);
  if (!key.empty()) table.primary_key = Key{std::string(name) + "_pkey", std::move(key)};
  return table;
}

inline ForeignKey reference(const char* name, std::size_t column, const char* parent,
                            ReferentialAction on_delete) {
  ForeignKey key;
  key.name = name;
  key.columns = {column};
  key.ref_schema = "public";
  key.ref_table = parent;
  key.ref_columns = {"id"};
  key.on_delete = on_delete;
  return key;
}

// lists <- todos <- tags (cascade), lists <- reviews (set null); notes makes random keys, counters
// takes them from a sequence, logs has none.
inline std::vector<Table> tables() {
  std::vector<Table> tables;
  Table lists = table("lists",
                      columns({{"id", "integer", false},
                               {"title", "text", false},
                               {"slot", "integer"},
                               {"updated_at", "timestamp with time zone", false, "now()"}}),
                      {0});
  lists.unique.push_back({"lists_slot_key", {2}});
  tables.push_back(std::move(lists));
  Table todos = table("todos",
                      columns({{"id", "integer", false},
                               {"list_id", "integer"},
                               {"title", "text", false},
                               {"done", "boolean", false, "false"},
                               {"price", "numeric(10,2)"},
                               {"updated_at", "timestamp with time zone", false, "now()"}}),
                      {0});
  todos.foreign_keys.push_back(
      reference("todos_list_id_fkey", 1, "lists", ReferentialAction::kCascade));
  tables.push_back(std::move(todos));
  Table tags = table(
      "tags",
      columns({{"todo_id", "integer", false}, {"name", "text", false}, {"weight", "integer"}}),
      {0, 1});
  tags.foreign_keys.push_back(
      reference("tags_todo_id_fkey", 0, "todos", ReferentialAction::kCascade));
  tags.foreign_keys.back().on_update = ReferentialAction::kCascade;
  tables.push_back(std::move(tags));
  Table reviews =
      table("reviews", columns({{"id", "integer", false}, {"list_id", "integer"}}), {0});
  reviews.foreign_keys.push_back(
      reference("reviews_list_id_fkey", 1, "lists", ReferentialAction::kSetNull));
  tables.push_back(std::move(reviews));
  tables.push_back(table("notes",
                         columns({{"id", "uuid", false, "gen_random_uuid()"},
                                  {"body", "text", false},
                                  {"number", "integer", true, "nextval('numbers'::regclass)"}}),
                         {0}));
  tables.push_back(table(
      "counters",
      columns({{"id", "bigint", false, std::nullopt, Identity::kByDefault}, {"name", "text"}}),
      {0}));
  tables.push_back(table("logs", columns({{"line", "text"}}), {}));
  return tables;
}

inline std::shared_ptr<const Catalog> catalog() {
  return std::make_shared<const Catalog>(tables(), std::vector<Function>{},
                                         std::vector<std::string>{"public"});
}

}  // namespace holdfast::cache::sample
