#include "gateway/base/periodic_task.h"

namespace holdfast {

void PeriodicTask::start() {
  thread_ = std::thread([this] { loop(); });
}

void PeriodicTask::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void PeriodicTask::wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
    resting_ = false;
  }
  changed_.notify_all();
}

void PeriodicTask::rest() {
  MutexLock lock(mutex_);
  resting_ = true;
}

void PeriodicTask::loop() {
  do {
    try {
      work_();
    } catch (const std::exception& fault) {
      logger_->error("task_fault name={} reason={}", name_, fault.what());
    }
  } while (wait());
}

bool PeriodicTask::wait() {
  const auto until = std::chrono::steady_clock::now() + interval_;
  MutexLock lock(mutex_);
  while (!stopping_ && !woken_) {
    if (resting_) {
      changed_.wait(mutex_);
      continue;
    }
    const auto left = until - std::chrono::steady_clock::now();
    if (left <= std::chrono::nanoseconds(0)) break;
    changed_.wait_for(mutex_, left);
  }
  woken_ = false;
  return !stopping_;
}

}  // namespace holdfast
