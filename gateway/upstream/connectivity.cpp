#include "gateway/upstream/connectivity.h"

#include <algorithm>
#include <utility>

namespace holdfast::upstream {
namespace {

// Weight of the newest answer in the smoothed latency: about the last eight count.
constexpr int kSmoothing = 8;
// While offline a call is let through after so many times what the last one cost in vain: a refused
// connection costs nothing and is tried at once, a silent network is left alone for a while.
constexpr int kPauseFactor = 10;

void tell(const std::vector<Connectivity::Observer>& observers, Connectivity::State state) {
  for (const auto& observer : observers) observer(state);
}

}  // namespace

Connectivity::Connectivity(const UpstreamOptions& options, const Clock& clock)
    : retry_after_(options.retry_after), silence_limit_(options.silence_limit), clock_(clock) {}

void Connectivity::observe(Observer observer) {
  MutexLock lock(mutex_);
  observers_.push_back(std::move(observer));
}

void Connectivity::choose_offline() {
  std::vector<Observer> told;
  {
    MutexLock lock(mutex_);
    snapshot_.by_choice = true;
    told = change(State::kOffline);
  }
  tell(told, State::kOffline);
}

void Connectivity::choose_online() {
  std::vector<Observer> told;
  {
    MutexLock lock(mutex_);
    if (!std::exchange(snapshot_.by_choice, false)) return;
    pause_ = {};
    told = change(State::kUnknown);
  }
  tell(told, State::kUnknown);
}

bool Connectivity::should_attempt() {
  const auto now = clock_.monotonic();
  MutexLock lock(mutex_);
  if (snapshot_.by_choice) return false;
  if (snapshot_.state != State::kOffline) return true;
  // Finding out costs an app too long: the prober does it.
  if (pause_ >= retry_after_) return false;
  if (last_attempt_ && now - *last_attempt_ < pause_) return false;
  last_attempt_ = now;
  return true;
}

void Connectivity::observe_waiting(std::function<void()> observer) {
  MutexLock lock(mutex_);
  waiting_observer_ = std::move(observer);
}

void Connectivity::call_begins(MonotonicTime began) {
  std::function<void()> told;
  {
    MutexLock lock(mutex_);
    if (waiting_.empty()) told = waiting_observer_;
    waiting_.insert(began);
  }
  if (told) told();
}

void Connectivity::call_ended(MonotonicTime began) {
  MutexLock lock(mutex_);
  const auto found = waiting_.find(began);
  if (found != waiting_.end()) waiting_.erase(found);
}

std::optional<MonotonicTime> Connectivity::silent_since() const {
  MutexLock lock(mutex_);
  return silence();
}

std::optional<MonotonicTime> Connectivity::silence() const {
  if (waiting_.empty()) return std::nullopt;
  return last_answer_ ? std::max(*last_answer_, *waiting_.begin()) : *waiting_.begin();
}

void Connectivity::answered(MonotonicTime began) {
  const auto now = clock_.monotonic();
  const auto took = std::chrono::duration_cast<std::chrono::microseconds>(now - began);
  std::vector<Observer> told;
  {
    MutexLock lock(mutex_);
    auto& latency = snapshot_.latency;
    latency = latency ? *latency + (took - *latency) / kSmoothing : took;
    snapshot_.last_seen = clock_.now();
    last_answer_ = now;
    // A call that was under way when a person chose.
    if (snapshot_.by_choice) return;
    told = change(State::kOnline);
  }
  tell(told, State::kOnline);
}

void Connectivity::failed(Loss loss, MonotonicTime began) {
  std::vector<Observer> told;
  State next = State::kOffline;
  {
    MutexLock lock(mutex_);
    if (snapshot_.by_choice) return;
    if (loss == Loss::kAnswerLost && last_answer_ && *last_answer_ > began) return;
    const auto silent = silence();
    const bool alone = !silent || clock_.monotonic() - *silent < silence_limit_;
    if (loss == Loss::kAnswerLost && snapshot_.state == State::kOnline && alone) {
      next = State::kUnknown;
    }
    last_attempt_ = clock_.monotonic();
    pause_ =
        std::min<MonotonicTime::duration>(retry_after_, kPauseFactor * (*last_attempt_ - began));
    told = change(next);
  }
  tell(told, next);
}

Connectivity::Snapshot Connectivity::snapshot() const {
  MutexLock lock(mutex_);
  return snapshot_;
}

std::optional<MonotonicTime> Connectivity::last_answer() const {
  MutexLock lock(mutex_);
  return last_answer_;
}

std::vector<Connectivity::Observer> Connectivity::change(State next) {
  if (std::exchange(snapshot_.state, next) == next) return {};
  return observers_;
}

}  // namespace holdfast::upstream
