#pragma once

#include <chrono>
#include <functional>
#include <thread>
#include <vector>

#include "gateway/base/mutex.h"

namespace holdfast::upstream {

// Ends what is still under way at its deadline, though bytes keep coming: each wait for one of them
// is short, and all of them together may last for ever. In real time, as sockets wait.
//
// One thread of its own, which sleeps while nothing is due. Thread-safe.
class DeadlineWatch {
  enum class State { kUnderWay, kEnding, kEnded };

 public:
  using Moment = std::chrono::steady_clock::time_point;

  DeadlineWatch();
  // No Entry may be left.
  ~DeadlineWatch();
  DeadlineWatch(const DeadlineWatch&) = delete;
  DeadlineWatch& operator=(const DeadlineWatch&) = delete;

  // Something under way, for as long as this lives.
  class Entry {
   public:
    // `end` is called at most once, on the watch's thread, and never after the destructor.
    Entry(DeadlineWatch& watch, Moment deadline, std::function<void()> end);
    ~Entry();
    Entry(const Entry&) = delete;
    Entry& operator=(const Entry&) = delete;

    // To a later moment.
    void extend(Moment deadline);

   private:
    friend class DeadlineWatch;

    DeadlineWatch& watch_;
    Moment deadline_;  // guarded by the watch's mutex
    const std::function<void()> end_;
    State state_ = State::kUnderWay;  // guarded by the watch's mutex
  };

 private:
  void run();
  // The next one that is due; waits, and gives nullptr, where none is.
  Entry* wait_for_late() HF_REQUIRES(mutex_);

  Mutex mutex_;
  Condition changed_;
  std::vector<Entry*> entries_ HF_GUARDED_BY(mutex_);
  Moment waits_until_ HF_GUARDED_BY(mutex_) = Moment::max();
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace holdfast::upstream
