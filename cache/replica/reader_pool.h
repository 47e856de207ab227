#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/sqlite/database.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

class ReaderPool;

// A reading connection, lent out for a scope. One thread at a time: the borrower.
class ReaderLease {
 public:
  ReaderLease(ReaderLease&&) noexcept = default;
  ~ReaderLease();
  Database& operator*() const { return *database_; }
  Database* operator->() const { return database_.get(); }

 private:
  friend class ReaderPool;
  ReaderLease(ReaderPool& pool, std::unique_ptr<Database> database)
      : pool_(&pool), database_(std::move(database)) {}

  ReaderPool* pool_;
  std::unique_ptr<Database> database_;
  std::optional<std::uint64_t> snapshot_;  // as of which renewal it reads; nullopt: none is held
};

// Reading connections of one file, made when all are lent. Thread-safe.
//
// Taking a snapshot of a file and giving it back costs as much as reading a row by its key: two
// locks of the file and a look at the log's index. So a connection that comes back keeps its
// snapshot for the next borrower, until something is committed.
class ReaderPool {
 public:
  explicit ReaderPool(std::string path) : path_(std::move(path)) {}

  // Without a transaction: each statement sees what is committed when it begins.
  ReaderLease lend();
  // Within one: all statements see one state, which has all that was committed before the last
  // renew() that ended before.
  ReaderLease lend_snapshot();
  // To be called after each commit to the file, before anybody is told of it. Ends the snapshots
  // that are not lent, so that the log can begin anew.
  void renew();

 private:
  friend class ReaderLease;
  struct Idle {
    std::unique_ptr<Database> database;
    bool snapshot = false;
  };

  // Of this kind if there is one; nothing when all are lent.
  Idle take(bool with_snapshot) HF_REQUIRES(mutex_);
  void take_back(std::unique_ptr<Database> database, std::optional<std::uint64_t> snapshot);
  std::unique_ptr<Database> open() const;

  const std::string path_;
  Mutex mutex_;
  std::uint64_t renewals_ HF_GUARDED_BY(mutex_) = 0;
  std::vector<Idle> idle_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::cache
