#include "gateway/upstream/deadline_watch.h"

#include <algorithm>
#include <utility>

namespace holdfast::upstream {

DeadlineWatch::Entry::Entry(DeadlineWatch& watch, Moment deadline, std::function<void()> end)
    : watch_(watch), deadline_(deadline), end_(std::move(end)) {
  bool sooner = false;
  {
    MutexLock lock(watch_.mutex_);
    watch_.entries_.push_back(this);
    sooner = deadline_ < watch_.waits_until_;
  }
  if (sooner) watch_.changed_.notify_all();
}

DeadlineWatch::Entry::~Entry() {
  MutexLock lock(watch_.mutex_);
  while (state_ == State::kEnding) watch_.changed_.wait(watch_.mutex_);
  std::erase(watch_.entries_, this);
}

void DeadlineWatch::Entry::extend(Moment deadline) {
  // The watch may wake for the earlier one once more.
  MutexLock lock(watch_.mutex_);
  deadline_ = std::max(deadline_, deadline);
}

DeadlineWatch::DeadlineWatch() : thread_([this] { run(); }) {}

DeadlineWatch::~DeadlineWatch() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void DeadlineWatch::run() {
  for (;;) {
    Entry* late = nullptr;
    {
      MutexLock lock(mutex_);
      if (stopping_) return;
      late = wait_for_late();
      if (late == nullptr) continue;
      late->state_ = State::kEnding;
    }
    // Without the lock: ending a connection may wait for it.
    late->end_();
    {
      MutexLock lock(mutex_);
      late->state_ = State::kEnded;
    }
    changed_.notify_all();
  }
}

DeadlineWatch::Entry* DeadlineWatch::wait_for_late() {
  const auto now = std::chrono::steady_clock::now();
  waits_until_ = Moment::max();
  for (Entry* entry : entries_) {
    if (entry->state_ != State::kUnderWay) continue;
    if (entry->deadline_ <= now) return entry;
    waits_until_ = std::min(waits_until_, entry->deadline_);
  }
  if (waits_until_ == Moment::max()) {
    changed_.wait(mutex_);
  } else {
    changed_.wait_for(mutex_, waits_until_ - now);
  }
  return nullptr;
}

}  // namespace holdfast::upstream
