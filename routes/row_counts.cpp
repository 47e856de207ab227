#include "routes/row_counts.h"

#include "cache/query/sql_text.h"

namespace holdfast::routes {
std::int64_t RowCounts::count(const std::shared_ptr<cache::Store>& store, cache::Database& reader,
                              const cache::Table& table) {
  const std::pair key(store->principal().id, cache::relation_of(table));
  const std::uint64_t commits = store->writer().commits();
  const MonotonicTime begun = clock_.monotonic();
  {
    MutexLock lock(mutex_);
    const auto known = counts_.find(key);
    if (known != counts_.end() && known->second.store.lock() == store &&
        (known->second.commits == commits || begun < known->second.valid_until)) {
      return known->second.rows;
    }
  }
  cache::Statement& statement =
      reader.cached("SELECT count(*) FROM " + cache::query::quote_identifier(table.storage_name));
  statement.step();
  const std::int64_t rows = statement.integer(0);
  statement.reset();
  const MonotonicTime ended = clock_.monotonic();
  MutexLock lock(mutex_);
  counts_[key] = {store, rows, commits, ended + kKept * (ended - begun)};
  return rows;
}

}  // namespace holdfast::routes
