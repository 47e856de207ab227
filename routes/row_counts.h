#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>

#include "cache/replica/store.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"

namespace holdfast::routes {

// How many rows each replica table has. Counting reads the whole table, and whoever watches a
// gateway asks again and again: a count stays as long as its store has written nothing, and one
// that took long for kKept times as long, so that counting never takes much of a processor. A table
// that has become complete is counted anew in any case.
//
// Errors of SQLite are thrown. Thread-safe.
class RowCounts {
 public:
  static constexpr int kKept = 20;
  static constexpr std::chrono::milliseconds kLong{20};

  explicit RowCounts(const Clock& clock) : clock_(clock) {}

  // `reader` reads `store`.
  std::int64_t count(const std::shared_ptr<cache::Store>& store, cache::Database& reader,
                     const cache::Table& table);

 private:
  struct Count {
    std::weak_ptr<cache::Store> store;
    std::int64_t rows = 0;
    std::uint64_t commits = 0;    // of the store, before it was counted
    cache::TableStatus status{};  // likewise
    MonotonicTime valid_until{};  // though there were more since
  };

  const Clock& clock_;
  Mutex mutex_;
  // By principal and relation.
  std::map<std::pair<std::string, std::string>, Count> counts_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::routes
