#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/pull/key_range.h"
#include "cache/replica/row.h"
#include "gateway/upstream/credentials.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::cache {

// Why a page did not come.
struct PullFailure {
  enum class Kind {
    kUnreachable,  // no HTTP answer, or one that does not look like PostgREST's: try again later
    kDenied,       // 42501: the principal may not read the table
    kRefused,      // another error of the upstream's, about this table alone
  };
  Kind kind;
  std::string reason;
  int status = 0;  // 0: no HTTP answer
  std::string body = {};
};

// What an answer that is none of rows means.
PullFailure failure_of(const upstream::Answer& answer);

// Keys in one request: as many as keep its target short (100 UUIDs make 4 KB).
inline constexpr std::size_t kKeysInRequest = 100;

// A row that has a value which cannot be stored here.
struct UnreadableRow {
  std::string key;     // key_of(); "" where its key cannot be read either
  std::string reason;  // names the column
};

struct RowPage {
  std::vector<Row> rows;  // only the asked columns are filled
  std::vector<UnreadableRow> unreadable;
  // What can be read of the last row, for the page that follows; nullopt when there is none.
  std::optional<Row> last;
  std::optional<Timestamp> date;
  Timestamp received_at = {};         // with `date`
  std::optional<std::int64_t> total;  // rows that there are, where it was asked for
  std::int64_t bytes = 0;             // of the answer, unpacked
};

// Reads one table of the upstream page by page, as one principal. Blocking.
// One thread at a time: whoever pulls.
class TableSource {
 public:
  // `upstream` and `table` must outlive it.
  // `scope` limits everything that is read to some rows (cache/replica/scope.h).
  TableSource(upstream::Upstream& upstream, const Table& table, upstream::Credentials credentials,
              int page_rows, bool force, std::string scope = "");

  // From now on rows whose `deleted_at` lies before `cutoff` are left out of whatever is read of
  // the table as a whole; changes and single rows come all the same.
  void leave_out(std::size_t deleted_at, Timestamp cutoff);
  // One of the rows that are left out, if there is any.
  std::variant<RowPage, PullFailure> left_out();

  // As many rows as one page holds, in the order in which the upstream gives them without being
  // asked for one, and their total. Where that is all of them, requests without an order are
  // answered in the order in which the upstream would.
  std::variant<RowPage, PullFailure> unordered(const std::vector<std::size_t>& columns);
  // Rows in key order that follow the key of `after`; from the first without it. Only `columns`
  // (indices) are read. A range with ends needs has_ranges().
  std::variant<RowPage, PullFailure> by_key(const std::vector<std::size_t>& columns,
                                            const std::optional<Row>& after,
                                            const KeyRange& range = {});
  // Rows from place `offset` on, the ones with the newest `stamp` first, else those with the
  // largest keys; at most `limit`.
  std::variant<RowPage, PullFailure> newest(std::optional<std::size_t> stamp, std::int64_t offset,
                                            std::int64_t limit);
  // How many rows there are in the range, as the page's total; its only row is the one with the
  // newest `stamp`.
  std::variant<RowPage, PullFailure> summary(std::size_t stamp, const KeyRange& range);
  // Rows whose `column` is not null, by key, with that column.
  std::variant<RowPage, PullFailure> having(std::size_t column, const std::optional<Row>& after);
  // Rows whose `stamp` column is at least that of `from`, in order of (stamp, key); after the first
  // page those that follow `after`.
  std::variant<RowPage, PullFailure> since(std::size_t stamp, const Value& from,
                                           const std::optional<Row>& after);
  // The rows of these keys (key_of()) that the principal sees.
  std::variant<RowPage, PullFailure> of_keys(const std::vector<std::string>& keys);

 private:
  std::variant<RowPage, PullFailure> fetch(const std::vector<std::size_t>& columns,
                                           const std::string& conditions, bool count = false);
  // Adds the rows of `keys` to `all`, and takes theirs from `left`.
  std::optional<PullFailure> take_keys(const std::vector<std::string>& keys,
                                       std::vector<std::string>& left, RowPage& all);
  std::variant<RowPage, PullFailure> advanced(std::variant<RowPage, PullFailure> fetched,
                                              const std::optional<Row>& after);
  upstream::Call call_for(const std::string& select, const std::string& conditions, int limit,
                          bool count) const;
  std::variant<RowPage, PullFailure> read(const upstream::Answer& answer,
                                          const std::vector<std::size_t>& columns) const;
  std::string range_condition(const std::optional<Row>& after, const KeyRange& range) const;

  upstream::Upstream& upstream_;
  const Table& table_;
  const upstream::Credentials credentials_;
  const int page_rows_;
  const bool force_;
  const std::string scope_;
  std::string living_;   // conditions of which one holds for the rows that are not left out
  std::string expired_;  // "&NAME=lt.TIME": the others
  // Of the pages that follow each other: their number, and the last key of one of them.
  std::int64_t pages_ = 0;
  std::int64_t anchor_at_ = 1;
  std::string anchor_;
};

}  // namespace holdfast::cache
