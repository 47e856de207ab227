#include "queue/awaited.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace holdfast::queue {

void Awaited::add(const std::string& entry, const std::string& principal, Waiter waiter) {
  waiter.ended_ = [this, entry] { end(entry); };
  MutexLock lock(mutex_);
  open_.try_emplace(entry, Open{principal, {}});
  places_.emplace(entry, Place{std::move(waiter), principal});
}

bool Awaited::is_open(const std::string& entry) const {
  MutexLock lock(mutex_);
  return open_.contains(entry);
}

bool Awaited::any_open(const std::string& principal) const {
  MutexLock lock(mutex_);
  return std::any_of(open_.begin(), open_.end(),
                     [&](const auto& open) { return open.second.principal == principal; });
}

bool Awaited::follow(const std::string& entry, std::function<void()> then) {
  MutexLock lock(mutex_);
  const auto open = open_.find(entry);
  if (open == open_.end()) return false;
  open->second.followers.push_back(std::move(then));
  return true;
}

void Awaited::end(const std::string& entry) {
  std::vector<std::function<void()>> followers;
  {
    MutexLock lock(mutex_);
    const auto open = open_.find(entry);
    if (open == open_.end()) return;
    followers = std::move(open->second.followers);
    open_.erase(open);
  }
  for (const auto& then : followers) then();
}

void Awaited::arm(const std::string& entry, std::chrono::milliseconds limit) {
  {
    MutexLock lock(mutex_);
    const auto found = places_.find(entry);
    if (found == places_.end()) return;
    found->second.deadline = clock_.monotonic() + limit;
    found->second.number = next_number_++;
  }
  changed_.notify_one();
}

void Awaited::cancel(const std::string& entry) {
  if (auto waiter = take(entry)) waiter->dismiss();
}

std::optional<AskedRequest> Awaited::find(const std::string& entry) const {
  MutexLock lock(mutex_);
  const auto found = places_.find(entry);
  if (found == places_.end()) return std::nullopt;
  return found->second.waiter.request();
}

bool Awaited::contains(const std::string& entry) const {
  MutexLock lock(mutex_);
  return places_.contains(entry);
}

std::optional<Waiter> Awaited::take(const std::string& entry) {
  MutexLock lock(mutex_);
  auto found = places_.extract(entry);
  if (found.empty()) return std::nullopt;
  return std::optional<Waiter>(std::move(found.mapped().waiter));
}

std::int64_t Awaited::mark() const {
  MutexLock lock(mutex_);
  return next_number_;
}

template <typename Predicate>
void Awaited::let_go(const Predicate& predicate) {
  // Told by their destructors, without the lock.
  std::vector<Place> gone;
  MutexLock lock(mutex_);
  for (auto place = places_.begin(); place != places_.end();) {
    const auto here = place++;
    if (predicate(here->second)) gone.push_back(std::move(places_.extract(here).mapped()));
  }
}

void Awaited::release(const std::string& principal, std::int64_t mark) {
  let_go([&](const Place& place) { return place.principal == principal && place.number < mark; });
}

void Awaited::expire() {
  const MonotonicTime now = clock_.monotonic();
  let_go([&](const Place& place) { return place.deadline <= now; });
}

void Awaited::expire_all() {
  let_go([](const Place&) { return true; });
}

void Awaited::run() {
  for (;;) {
    expire();
    MutexLock lock(mutex_);
    if (stopping_) return;
    // A deadline that a test's clock never reaches is looked at again all the same.
    MonotonicTime::duration pause = std::chrono::seconds(1);
    for (const auto& [entry, place] : places_) {
      if (place.number == kNotArmed) continue;
      pause = std::min<MonotonicTime::duration>(pause, place.deadline - clock_.monotonic());
    }
    changed_.wait_for(mutex_,
                      std::max<MonotonicTime::duration>(pause, std::chrono::milliseconds(1)));
  }
}

void Awaited::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  expire_all();
}

}  // namespace holdfast::queue
