#pragma once

#include <deque>
#include <functional>
#include <thread>
#include <vector>

#include "gateway/base/mutex.h"

namespace holdfast {

// Threads for work that waits: for the network, a commit, a long query. They are made as work comes
// while all others are busy, up to a limit; further work queues.
// Thread-safe.
class WorkerPool {
 public:
  explicit WorkerPool(std::size_t limit) : limit_(limit) {}
  // Runs what is queued, then joins.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // `work` must not throw.
  void post(std::function<void()> work);

 private:
  void run();

  const std::size_t limit_;
  Mutex mutex_;
  Condition changed_;
  std::deque<std::function<void()>> queue_ HF_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ HF_GUARDED_BY(mutex_);
  std::size_t idle_ HF_GUARDED_BY(mutex_) = 0;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast
