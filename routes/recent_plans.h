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

// A read's plan, the request's own values for it, and what else follows from its target alone.
struct ReadPlan {
  std::shared_ptr<const cache::Catalog> catalog;  // what the plan borrows from
  std::shared_ptr<const cache::query::Plan> plan;
  cache::query::Binding binding;
  std::optional<std::string> location;  // of Content-Location
};

// The plans that were used last, by a key that tells apart everything that they depend on besides
// the catalog. Thread-safe.
class RecentPlans {
 public:
  // Plans kept; the one used longest ago goes.
  explicit RecentPlans(std::size_t capacity) : capacity_(capacity) {}

  // Null when there is none of this catalog.
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
