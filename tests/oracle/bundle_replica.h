#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/sqlite/database.h"

namespace holdfast::tests {

// A replica in memory that holds the rows of a bundle (architecture.md, section 11).
struct BundleReplica {
  cache::Catalog catalog;
  cache::Database database{":memory:", cache::OpenMode::kReadWrite};
  std::vector<std::string> refused;  // values that could not be stored: "table.column: why"
};

std::unique_ptr<BundleReplica> load_bundle(const std::filesystem::path& bundle);

// Creates the replica table of `table` with a rowid and indexes on its keys and foreign keys.
void create_table(cache::Database& database, const cache::Table& table);

}  // namespace holdfast::tests
