#pragma once

#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cache/query/query.h"
#include "gateway/base/mutex.h"

namespace holdfast::routes {

// A read's plan, and what else follows from its target alone.
struct ReadPlan {
  std::shared_ptr<const cache::Catalog> catalog;  // what the plan borrows from
  cache::query::Plan plan;
  std::optional<std::string> location;  // of Content-Location
};

// The plans of the requests that came last: apps repeat themselves, and planning costs as much as
// answering. Thread-safe.
class PlanCache {
 public:
  // Plans kept; the one used longest ago goes.
  explicit PlanCache(std::size_t capacity) : capacity_(capacity) {}

  // `key` must tell apart everything that a plan depends on besides the catalog.
  std::shared_ptr<const ReadPlan> find(const cache::Catalog& catalog, std::string_view key);
  void put(std::string key, std::shared_ptr<const ReadPlan> plan);

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const ReadPlan> plan;
  };
  using Entries = std::list<Entry>;

  const std::size_t capacity_;
  Mutex mutex_;
  Entries entries_ HF_GUARDED_BY(mutex_);  // the most recently used first
  std::unordered_map<std::string_view, Entries::iterator> index_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::routes
