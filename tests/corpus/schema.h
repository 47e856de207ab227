#pragma once

#include <memory>

#include "tests/cache/replica/sample_catalog.h"

namespace holdfast::tests {

// Tables with every column that the recorded requests name, of the types that their operators take.
inline std::shared_ptr<const cache::Catalog> recorded_schema() {
  using cache::Identity;
  using cache::ReferentialAction;
  using cache::sample::columns;
  using cache::sample::reference;
  using cache::sample::table;

  std::vector<cache::Table> tables;
  tables.push_back(table("profiles", columns({{"id", "uuid", false}, {"name", "text"}}), {0}));
  cache::Table todos = table("todos",
                             columns({{"id", "bigint", false, std::nullopt, Identity::kByDefault},
                                      {"owner", "uuid"},
                                      {"title", "text"},
                                      {"odd col", "text"},
                                      {"name", "text"},
                                      {"n", "text"},
                                      {"big", "bigint"},
                                      {"done", "boolean"},
                                      {"status", "text"},
                                      {"amount", "numeric"},
                                      {"meta", "jsonb"},
                                      {"tags", "text[]"},
                                      {"r", "int4range"},
                                      {"fts", "tsvector"},
                                      {"a", "integer"},
                                      {"b", "text"},
                                      {"c", "integer"},
                                      {"d", "integer"},
                                      {"e", "integer"},
                                      {"x", "boolean"},
                                      {"y", "integer"},
                                      {"slug", "text"},
                                      {"org_id", "integer"},
                                      {"created_at", "timestamp with time zone", true, "now()"}}),
                             {0});
  todos.foreign_keys.push_back(
      reference("todos_owner_fkey", 1, "profiles", ReferentialAction::kNoAction));
  todos.unique.push_back({"todos_slug_org_id_key", {21, 22}});
  tables.push_back(std::move(todos));
  for (const char* name : {"comments", "tags"}) {
    cache::Table child = table(name,
                               columns({{"id", "bigint", false, std::nullopt, Identity::kByDefault},
                                        {"todo_id", "bigint"},
                                        {"kind", "text"},
                                        {"a", "integer"},
                                        {"b", "integer"},
                                        {"created_at", "timestamp with time zone"}}),
                               {0});
    const std::string constraint = std::string(name) + "_todo_id_fkey";
    child.foreign_keys.push_back(
        reference(constraint.c_str(), 1, "todos", ReferentialAction::kCascade));
    tables.push_back(std::move(child));
  }
  tables.push_back(table("shops", columns({{"id", "bigint", false}}), {0}));
  tables.push_back(table("my table", columns({{"id", "bigint", false}}), {0}));
  for (const char* name : {"users", "u"}) {
    tables.push_back(table(name, columns({{"username", "text", false}}), {0}));
    tables.back().schema = "personal";
  }
  return std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{},
                                                std::vector<std::string>{"public", "personal"});
}

}  // namespace holdfast::tests
