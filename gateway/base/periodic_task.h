#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <thread>

#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"

namespace holdfast {

// Runs a piece of work again and again on a thread of its own: at once, then `interval` after it
// ended, and sooner after wake(). What the work throws is logged under `name`.
// Thread-safe; start() at most once.
class PeriodicTask {
 public:
  PeriodicTask(const char* name, std::chrono::milliseconds interval, std::function<void()> work,
               std::shared_ptr<Logger> logger)
      : name_(name), interval_(interval), work_(std::move(work)), logger_(std::move(logger)) {}
  ~PeriodicTask() { stop(); }
  PeriodicTask(const PeriodicTask&) = delete;
  PeriodicTask& operator=(const PeriodicTask&) = delete;

  void start();
  // Waits for the work under way. Later calls of wake() do nothing.
  void stop();
  void wake();
  // From the work: the next turn is at wake() and not before.
  void rest();

 private:
  void loop();
  // False when it is time to stop.
  bool wait();

  const char* const name_;
  const std::chrono::milliseconds interval_;
  const std::function<void()> work_;
  const std::shared_ptr<Logger> logger_;
  std::thread thread_;
  Mutex mutex_;
  Condition changed_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  bool woken_ HF_GUARDED_BY(mutex_) = false;
  bool resting_ HF_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast
