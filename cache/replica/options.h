#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cache {

// How a table's reads are answered.
enum class ReadMode {
  kCache,         // from the replica at once
  kNetworkFirst,  // from the upstream while online, else from the replica
  kPass,          // from the upstream, never replicated
};

// How a table's writes are answered.
enum class WriteMode {
  kQueue,    // at once, from here; delivered afterwards
  kThrough,  // by the upstream while online; offline 504
};

// Settings of one table, `[tables.NAME]`.
struct TableOptions {
  ReadMode read = ReadMode::kCache;
  WriteMode writes = WriteMode::kQueue;
  // The column whose value changes with every upstream update; empty = none is known.
  std::string version_column;
  // The column that tells when a row changed; the cursor of pulls. Empty = "updated_at" when the
  // table has such a column of a timestamp type; "none" = pulls read the table whole.
  std::string updated_at_column;
};

struct ReplicaOptions {
  // Names of the tables to replicate, with schema where it is not the first; "*" = all.
  std::vector<std::string> tables = {"*"};
  std::map<std::string, TableOptions> table_options;
  // There is no upstream to pull from: what was imported is served, also views and tables without a
  // key, whose copies serve offline only otherwise.
  bool imported_only = false;

  const TableOptions& of(const std::string& table) const {
    static const TableOptions kDefaults;
    const auto found = table_options.find(table);
    return found == table_options.end() ? kDefaults : found->second;
  }
};

}  // namespace holdfast::cache
