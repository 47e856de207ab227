#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"

namespace holdfast {

// Threads for work that waits: for the network, a commit, a long query. They are made as work comes
// while all others are busy, up to a limit; further work queues.
// Thread-safe.
class WorkerPool {
 public:
  WorkerPool(std::size_t limit, std::shared_ptr<Logger> logger)
      : limit_(limit), logger_(std::move(logger)) {}
  // Runs what is queued, then joins.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // What `work` throws is logged and ends it; what it owns goes with it.
  void post(std::function<void()> work);

 private:
  void run();
  void add_thread() HF_REQUIRES(mutex_);

  const std::size_t limit_;
  const std::shared_ptr<Logger> logger_;
  Mutex mutex_;
  Condition changed_;
  std::deque<std::function<void()>> queue_ HF_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_ HF_GUARDED_BY(mutex_);
  std::size_t idle_ HF_GUARDED_BY(mutex_) = 0;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast
