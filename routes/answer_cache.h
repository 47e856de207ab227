#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <unordered_map>

#include "cache/replica/store.h"
#include "gateway/base/mutex.h"
#include "routes/recent_plans.h"

namespace holdfast::routes {

// Answers of reads that were asked before, as long as the replica's file is as it was: the same
// bytes without the statement. Every commit to a file, of whatever, ends its answers.
//
// Thread-safe.
class AnswerCache {
 public:
  // What tells one answer from another.
  struct Question {
    std::shared_ptr<const ReadPlan> read;
    std::shared_ptr<const cache::Store> store;
    cache::query::Form form = cache::query::Form::kArray;
    bool nulls_stripped = false;
    // Store::version() before the reader was lent.
    std::uint64_t version = 0;
  };

  // `bytes`: room for bodies; the answers used longest ago go.
  explicit AnswerCache(std::size_t bytes) : room_(bytes) {}

  std::optional<cache::query::Output> find(const Question& question);
  void keep(const Question& question, const cache::query::Output& output);

  std::size_t bytes() const;

 private:
  struct Entry {
    std::shared_ptr<const ReadPlan> read;
    std::weak_ptr<const cache::Store> store;
    cache::query::Form form;
    bool nulls_stripped;
    std::uint64_t version;
    cache::query::Output output;

    bool answers(const Question& question) const;
    std::size_t bytes() const;
  };
  using Entries = std::list<Entry>;

  void drop(Entries::iterator entry) HF_REQUIRES(mutex_);

  const std::size_t room_;
  mutable Mutex mutex_;
  std::size_t bytes_ HF_GUARDED_BY(mutex_) = 0;
  Entries entries_ HF_GUARDED_BY(mutex_);  // the most recently used first
  // One answer for each target: two forms or callers of one are rare.
  std::unordered_map<const ReadPlan*, Entries::iterator> index_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::routes
