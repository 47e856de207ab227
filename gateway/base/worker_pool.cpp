#include "gateway/base/worker_pool.h"

#include <system_error>

namespace holdfast {

WorkerPool::~WorkerPool() {
  std::vector<std::thread> threads;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
    threads.swap(threads_);
  }
  changed_.notify_all();
  for (auto& thread : threads) thread.join();
}

void WorkerPool::post(std::function<void()> work) {
  MutexLock lock(mutex_);
  queue_.push_back(std::move(work));
  if (queue_.size() > idle_ && threads_.size() < limit_ && !stopping_) add_thread();
  // Under the lock: once it is free, the work may be done and the pool gone.
  changed_.notify_one();
}

// Where the system has no more, the work waits for those that there are.
void WorkerPool::add_thread() {
  try {
    threads_.emplace_back([this] { run(); });
  } catch (const std::system_error&) {
    if (!threads_.empty()) return;
    queue_.pop_back();
    throw;
  }
}

void WorkerPool::run() {
  for (;;) {
    std::function<void()> work;
    {
      MutexLock lock(mutex_);
      ++idle_;
      while (queue_.empty() && !stopping_) changed_.wait(mutex_);
      --idle_;
      if (queue_.empty()) return;
      work = std::move(queue_.front());
      queue_.pop_front();
    }
    try {
      work();
    } catch (const std::exception& fault) {
      logger_->error("worker_fault reason={}", fault.what());
    }
  }
}

}  // namespace holdfast
