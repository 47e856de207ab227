#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/pull/change_log.h"
#include "cache/pull/table_source.h"
#include "cache/replica/store.h"
#include "gateway/base/progress_count.h"

namespace holdfast::cache {

// How a row here is not the upstream's.
struct RowDifference {
  enum class Kind { kMissingHere, kMissingUpstream, kOther };
  Kind kind;
  std::string key;                   // key_of(); of a table without a key the whole row
  std::vector<std::string> columns;  // kOther: that differ
};

// Whether one table's replica is what the upstream shows the principal.
struct TableParity {
  std::string table;
  // Of its rows nothing is claimed here: it is not (yet) replicated, or may not be read.
  std::optional<std::string> not_compared;
  bool append_only = false;                // its deviations are kept on purpose
  std::int64_t rows = 0;                   // here, without pending writes
  std::vector<RowDifference> differences;  // at most kMostDifferences
  bool more = false;
  std::optional<PullFailure> failure;

  static constexpr std::size_t kMostDifferences = 1000;
  bool equal() const { return !failure && (append_only || differences.empty()); }
};

// Compares every value of every row with the upstream's, block by block where the upstream hashes
// blocks; changes nothing. What differs is looked at twice, since both sides go on.
// `progress` is told of about as many rows as are here. All references must outlive the call.
// Blocking; one thread at a time: whoever pulls.
TableParity compare_with_upstream(Store& store, const Table& table, TableSource source,
                                  ChangeLog* digests, ProgressCount& progress);

// The rows here that it will compare.
std::int64_t rows_to_compare(Store& store, const Table& table);

}  // namespace holdfast::cache
