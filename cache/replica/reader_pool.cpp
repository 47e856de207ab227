#include "cache/replica/reader_pool.h"

#include <algorithm>

#include "cache/query/query.h"

namespace holdfast::cache {
namespace {

void end_snapshot(Database& database) {
  if (database.in_transaction()) database.cached("COMMIT").run();
}

}  // namespace

ReaderLease::~ReaderLease() {
  if (database_) pool_->take_back(std::move(database_), snapshot_);
}

std::unique_ptr<Database> ReaderPool::open() const {
  auto database = std::make_unique<Database>(path_, OpenMode::kReadOnly);
  query::register_functions(*database);
  return database;
}

ReaderPool::Idle ReaderPool::take(bool with_snapshot) {
  if (idle_.empty()) return {};
  const auto fits = [&](const Idle& idle) { return idle.snapshot == with_snapshot; };
  auto found = std::find_if(idle_.rbegin(), idle_.rend(), fits);
  if (found == idle_.rend()) found = idle_.rbegin();
  std::swap(*found, idle_.back());
  Idle idle = std::move(idle_.back());
  idle_.pop_back();
  return idle;
}

ReaderLease ReaderPool::lend() {
  Idle idle;
  {
    MutexLock lock(mutex_);
    idle = take(false);
  }
  if (idle.snapshot) end_snapshot(*idle.database);
  return {*this, idle.database ? std::move(idle.database) : open()};
}

ReaderLease ReaderPool::lend_snapshot() {
  Idle idle;
  std::uint64_t renewals = 0;
  {
    MutexLock lock(mutex_);
    idle = take(true);
    renewals = renewals_;
  }
  ReaderLease lease(*this, idle.database ? std::move(idle.database) : open());
  if (!idle.snapshot) lease->cached("BEGIN").run();
  lease.snapshot_ = renewals;
  return lease;
}

void ReaderPool::renew() {
  MutexLock lock(mutex_);
  ++renewals_;
  for (Idle& idle : idle_) {
    if (std::exchange(idle.snapshot, false)) end_snapshot(*idle.database);
  }
}

void ReaderPool::take_back(std::unique_ptr<Database> database,
                           std::optional<std::uint64_t> snapshot) {
  database->let_go_of_snapshot();
  MutexLock lock(mutex_);
  const bool kept = snapshot == renewals_ && database->in_transaction();
  if (!kept) end_snapshot(*database);
  idle_.push_back({std::move(database), kept});
}

}  // namespace holdfast::cache
