#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "cache/pull/key_range.h"
#include "cache/pull/local_rows.h"
#include "cache/pull/table_source.h"

namespace holdfast::cache {

// One change of the upstream's log: of a row, of a part of the table (neither key nor row can be
// told), or of the whole table (no block either).
struct LogLine {
  std::string relation;
  std::optional<std::string> key;    // JSON object, as PostgreSQL prints it
  std::optional<std::string> block;  // see range_of_block()
  bool has_row = false;              // `row` was read
  std::optional<std::string> row;    // JSON object; nullopt: the principal sees none
};

// What happened upstream between two positions.
struct LogWindow {
  std::string lineage;              // of the database: another one after a restore
  std::string access;               // hash of what grants and policies say
  std::set<std::string> relations;  // that the log has
  bool behind = false;              // the position asked for is no longer in the log
  std::string cursor;               // the position at its end
  bool more = false;
  double held_back = 0;  // seconds since the oldest transaction began that is still open upstream
  std::vector<LogLine> lines;
  std::vector<std::string> recheck;  // relations whose policies look at what changed
};

// The companion is not there, or is an older one.
struct NoLog {};

// The companion's functions for gateways that follow, as one principal. Blocking.
// Thread-safe.
class ChangeLog {
 public:
  // `upstream` must outlive it.
  ChangeLog(upstream::Upstream& upstream, upstream::Credentials credentials, bool force)
      : upstream_(upstream), credentials_(std::move(credentials)), force_(force) {}

  // The window behind `after`, or only the newest position. Rows are read of `tables`.
  std::variant<LogWindow, NoLog, PullFailure> window(const std::optional<std::string>& after,
                                                     const std::vector<const Table*>& tables,
                                                     int most_changes);

  // Rows and hashes over `columns` of parts of a table, in the order of the ranges.
  std::variant<std::vector<RangeSummary>, PullFailure> digests(
      const Table& table, const std::vector<std::size_t>& columns,
      const std::vector<KeyRange>& ranges);

 private:
  std::variant<std::string, PullFailure> call(const std::string& function, std::string body);

  upstream::Upstream& upstream_;
  const upstream::Credentials credentials_;
  const bool force_;
};

}  // namespace holdfast::cache
