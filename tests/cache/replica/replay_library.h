#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/cache/replica/sample_catalog.h"

// The tables that the replays of replay_model.h write to.
namespace holdfast::cache::replay {

struct Reference {
  std::string column;
  std::string parent;  // by its first key column
  bool cascades;       // on delete; else the column becomes null
};

struct Rule {
  std::vector<std::string> columns;
  std::vector<std::string> key;
  std::vector<Reference> references;
};

// shelves (counted by the upstream) <- books (cascade) <- pages (cascade, their key follows);
// loans lose what they refer to.
inline const std::map<std::string, Rule>& rules() {
  static const std::map<std::string, Rule> kRules = {
      {"shelves", {{"id", "name", "rank"}, {"id"}, {}}},
      {"books", {{"id", "shelf_id", "title", "done"}, {"id"}, {{"shelf_id", "shelves", true}}}},
      {"pages",
       {{"book_id", "number", "body"}, {"book_id", "number"}, {{"book_id", "books", true}}}},
      {"loans",
       {{"id", "shelf_id", "book_id"},
        {"id"},
        {{"shelf_id", "shelves", false}, {"book_id", "books", false}}}},
  };
  return kRules;
}

inline std::shared_ptr<const Catalog> library() {
  using sample::columns;
  using sample::reference;
  const auto cascade = ReferentialAction::kCascade;
  const auto set_null = ReferentialAction::kSetNull;
  std::vector<Table> tables;
  tables.push_back(
      sample::table("shelves",
                    columns({{"id", "bigint", false, std::nullopt, Identity::kByDefault},
                             {"name", "text"},
                             {"rank", "integer"}}),
                    {0}));
  tables.push_back(sample::table("books",
                                 columns({{"id", "integer", false},
                                          {"shelf_id", "bigint"},
                                          {"title", "text"},
                                          {"done", "boolean", false, "false"}}),
                                 {0}));
  tables.back().foreign_keys = {reference("books_shelf_id_fkey", 1, "shelves", cascade)};
  tables.push_back(sample::table(
      "pages",
      columns({{"book_id", "integer", false}, {"number", "integer", false}, {"body", "text"}}),
      {0, 1}));
  tables.back().foreign_keys = {reference("pages_book_id_fkey", 0, "books", cascade)};
  tables.back().foreign_keys[0].on_update = cascade;
  tables.push_back(sample::table(
      "loans", columns({{"id", "integer", false}, {"shelf_id", "bigint"}, {"book_id", "integer"}}),
      {0}));
  tables.back().foreign_keys = {reference("loans_shelf_id_fkey", 1, "shelves", set_null),
                                reference("loans_book_id_fkey", 2, "books", set_null)};
  tables.back().foreign_keys[1].on_update = cascade;
  return std::make_shared<const Catalog>(tables, std::vector<Function>{},
                                         std::vector<std::string>{"public"});
}

}  // namespace holdfast::cache::replay
