#include "routes/row_counts.h"

namespace holdfast::routes {
std::int64_t RowCounts::count(const std::shared_ptr<cache::Store>& store, cache::Database& reader,
                              const cache::Table& table) {
  const std::pair key(store->principal().id, cache::relation_of(table));
  const std::uint64_t commits = store->writer().commits();
  const auto status = store->status(table);
  const MonotonicTime begun = clock_.monotonic();
  {
    MutexLock lock(mutex_);
    const auto known = counts_.find(key);
    if (known != counts_.end() && known->second.store.lock() == store &&
        known->second.status == status &&
        (known->second.commits == commits || begun < known->second.valid_until)) {
      return known->second.rows;
    }
  }
  const std::int64_t rows = store->overlay().rows(table).count(reader);
  const MonotonicTime ended = clock_.monotonic();
  MutexLock lock(mutex_);
  const auto took = ended - begun;
  counts_[key] = {store, rows, commits, status, took < kLong ? ended : ended + kKept * took};
  return rows;
}

}  // namespace holdfast::routes
