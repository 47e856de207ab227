#pragma once

#include <optional>
#include <string>
#include <vector>

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

struct RowPage {
  std::vector<Row> rows;  // only the asked columns are filled
  std::optional<Timestamp> date;
  std::optional<std::int64_t> total;  // rows that there are, where it was asked for
};

// Reads one table of the upstream page by page, as one principal. Blocking.
// One thread at a time: whoever pulls.
class TableSource {
 public:
  // `upstream` and `table` must outlive it.
  TableSource(upstream::Upstream& upstream, const Table& table, upstream::Credentials credentials,
              int page_rows, bool force);

  // As many rows as one page holds, in the order in which the upstream gives them without being
  // asked for one, and their total. Where that is all of them, requests without an order are
  // answered in the order in which the upstream would.
  std::variant<RowPage, PullFailure> unordered(const std::vector<std::size_t>& columns);
  // Rows in key order that follow the key of `after`; from the first without it. Only `columns`
  // (indices) are read.
  std::variant<RowPage, PullFailure> by_key(const std::vector<std::size_t>& columns,
                                            const std::optional<Row>& after);
  // Rows whose `stamp` column is at least that of `from`, in order of (stamp, key); after the first
  // page those that follow `after`.
  std::variant<RowPage, PullFailure> since(std::size_t stamp, const Value& from,
                                           const std::optional<Row>& after);
  // The rows of these keys (key_of()) that the principal sees.
  std::variant<RowPage, PullFailure> of_keys(const std::vector<std::string>& keys);

 private:
  std::variant<RowPage, PullFailure> fetch(const std::vector<std::size_t>& columns,
                                           const std::string& conditions, bool count = false);
  std::vector<std::size_t> all_columns() const;

  upstream::Upstream& upstream_;
  const Table& table_;
  const upstream::Credentials credentials_;
  const int page_rows_;
  const bool force_;
};

}  // namespace holdfast::cache
