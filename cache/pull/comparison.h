#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cache/pull/change_log.h"
#include "cache/pull/local_rows.h"
#include "cache/pull/table_source.h"
#include "gateway/base/progress_count.h"

namespace holdfast::cache {

// What a Comparison finds of a table.
struct ComparisonFindings {
  // Upstream rows, whole or (`whole` false) key and stamp only, that are not here or not the same.
  // Asked for after `mark` acknowledgements.
  std::function<void(const RowPage& page, const std::vector<const Row*>& rows, bool whole,
                     std::int64_t mark)>
      differing;
  // Keys that are here and not there.
  std::function<void(const std::vector<std::string>& keys, std::int64_t mark)> vanished;
  // Rows of the upstream that cannot be stored here.
  std::function<void(const std::vector<UnreadableRow>& rows)> unreadable;
};

// Finds by ranges of keys how the upstream's rows of a table, as the principal sees them, differ
// from what is here: a range whose summary is the same on both sides is passed over, another one is
// cut into smaller ones, and of a small one the rows are compared.
//
// Summaries are counts and hashes where the companion makes them, else counts and newest stamps.
// One thread at a time: whoever pulls.
class Comparison {
 public:
  struct Part {
    Store& store;
    const Table& table;
    std::optional<std::size_t> stamp;  // stamp_column()
    TableSource& source;
    ChangeLog* digests;                 // null: the upstream makes none
    ProgressCount* progress = nullptr;  // counts the rows that were compared
    std::int64_t small_rows = 1000;     // of a range that is not cut any more: those of a page
  };

  Comparison(Part part, ComparisonFindings findings);

  // Of keys and stamps; of everything where there is no stamp.
  std::optional<PullFailure> of_stamps();
  // The same by every key, where summaries of counts and stamps would do elsewhere.
  std::optional<PullFailure> of_keys();
  // Of every value.
  std::optional<PullFailure> of_rows();
  // The rows of one range, without summaries.
  std::optional<PullFailure> of_range(const KeyRange& range);

  // Rows received.
  std::int64_t rows() const { return rows_; }

 private:
  void compare_stamps();
  std::optional<PullFailure> narrow(const std::vector<KeyRange>& ranges);
  std::optional<PullFailure> compare_rows(const KeyRange& range);
  std::optional<PullFailure> compare_each(const std::vector<KeyRange>& ranges);
  std::variant<std::vector<RangeSummary>, PullFailure> upstream_summaries(
      const std::vector<KeyRange>& ranges);
  RangeSummary local_summary(const KeyRange& range);
  bool same(const Row& theirs, const Row& ours) const;
  void count(std::int64_t rows) const;

  const Part part_;
  const ComparisonFindings findings_;
  LocalRows local_;
  bool whole_rows_ = false;
  std::vector<std::size_t> columns_;  // that are compared
  std::int64_t rows_ = 0;
};

}  // namespace holdfast::cache
