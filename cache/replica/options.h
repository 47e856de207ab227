#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cache {
struct Table;

// How a table's reads are answered.
enum class ReadMode {
  kCache,         // from the replica at once
  kNetworkFirst,  // from the upstream while online, else from the replica
  kPass,          // from the upstream, never replicated
};

// How a table's writes are answered.
enum class WriteMode {
  kAuto,     // by the upstream where only it knows the outcome and answers soon; else as kQueue
  kQueue,    // at once, from here; delivered afterwards
  kThrough,  // by the upstream while online; offline 504
};

// Who wins a column that was changed both here and at the upstream since the write's base.
enum class ConflictStrategy {
  kMerge,          // the upstream; our other columns are kept
  kRemoteWins,     // the upstream; the whole write gives way
  kLocalWins,      // we do
  kLastWriteWins,  // whoever wrote later, by the upstream's clock; of a draw the upstream
  kManual,         // a person decides; until then the row's further writes wait
};

// Settings of one table, `[tables.NAME]`.
struct TableOptions {
  // Which rows are kept: conditions as in a request's query, with "{claims.NAME}" for the user's
  // own claims. Empty = all that the user may read.
  std::string filter;
  // `filter` says no more than the upstream's own rules do: reads without its conditions would give
  // the same rows.
  bool filter_is_whole = false;
  // Which columns are kept, beside the keys and those that the other settings name; "*" = all.
  // Requests that need another one are the upstream's.
  std::vector<std::string> columns = {"*"};
  // At most so many rows are kept: those that changed last, else those with the largest keys. They
  // are read by their key only. 0 = no limit.
  int max_rows = 0;
  // The timestamp column that marks a row as deleted; empty = none is known. Rows that were marked
  // long ago (PullOptions::tombstones) are not kept.
  std::string deleted_at_column;
  ReadMode read = ReadMode::kCache;
  // While the upstream can be reached, reads are not answered from rows that were last looked at
  // longer ago than this, but by it. 0 = no limit.
  std::chrono::milliseconds max_staleness{0};
  WriteMode writes = WriteMode::kAuto;
  // The column whose value changes with every upstream update; empty = none is known.
  std::string version_column;
  // The column that tells when a row changed; the cursor of pulls. Empty = "updated_at" when the
  // table has such a column of a timestamp type; "none" = pulls read the table whole.
  std::string updated_at_column;
  ConflictStrategy conflict = ConflictStrategy::kMerge;
  // The values of transition_column in the order in which they may follow each other: of two that
  // were written at the same time the later one stands. Empty = the column is as any other.
  std::vector<std::string> transitions;
  std::string transition_column = "status";
  // Rows are never changed once written (fiscal documents): updates and deletes are refused, and
  // the upstream's changes to a synced row are reported and not applied.
  bool append_only = false;
  // Whether a write to more than one row is taken while the upstream is away.
  bool offline_bulk = true;
};

struct ReplicaOptions {
  // The schema whose tables are named without it; those of others are "SCHEMA.NAME".
  std::string default_schema = "public";
  // Names of the tables to replicate; "*" = all.
  std::vector<std::string> tables = {"*"};
  // By the table's name.
  std::map<std::string, TableOptions> table_options;
  // A principal who asked for nothing for so long is absent: the rows that are kept for it go, what
  // it has not delivered stays. 0 = never.
  std::chrono::milliseconds idle_principal = std::chrono::hours(30 * 24);
  // The size of all principals' files together: beyond it the rows of those go that have been away
  // the longest, and never what is not delivered. 0 = no limit.
  std::uint64_t max_bytes = 0;
  // There is no upstream to pull from: what was imported is served, also views and tables without a
  // key, whose copies serve offline only otherwise.
  bool imported_only = false;

  // What is set of a table, else the defaults.
  const TableOptions& of(const Table& table) const;
  // The table as a person names it.
  std::string name_of(const Table& table) const;
  // Whether `list` has the table by either of its names.
  bool lists(const std::vector<std::string>& list, const Table& table) const;
};

}  // namespace holdfast::cache
