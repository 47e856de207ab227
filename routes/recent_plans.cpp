#include "routes/recent_plans.h"

namespace holdfast::routes {

std::shared_ptr<const ReadPlan> RecentPlans::find(const cache::Catalog& catalog,
                                                  std::string_view key) {
  MutexLock lock(mutex_);
  const auto found = index_.find(key);
  // An entry holds its catalog, so another one cannot have the same address.
  if (found == index_.end() || found->second->plan->catalog.get() != &catalog) return nullptr;
  entries_.splice(entries_.begin(), entries_, found->second);
  return found->second->plan;
}

void RecentPlans::put(std::string key, std::shared_ptr<const ReadPlan> plan) {
  MutexLock lock(mutex_);
  if (const auto found = index_.find(key); found != index_.end()) {
    found->second->plan = std::move(plan);
    return;
  }
  entries_.push_front({std::move(key), std::move(plan)});
  index_.emplace(entries_.front().key, entries_.begin());
  if (entries_.size() <= capacity_) return;
  index_.erase(entries_.back().key);
  entries_.pop_back();
}

}  // namespace holdfast::routes
