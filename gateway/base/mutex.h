#pragma once

#include <condition_variable>
#include <mutex>

// Clang's thread-safety attributes; nothing for other compilers.
#if defined(__clang__)
#define HF_ATTRIBUTE(x) __attribute__((x))
#else
#define HF_ATTRIBUTE(x)
#endif
#define HF_GUARDED_BY(mutex) HF_ATTRIBUTE(guarded_by(mutex))
#define HF_REQUIRES(...) HF_ATTRIBUTE(requires_capability(__VA_ARGS__))
#define HF_EXCLUDES(...) HF_ATTRIBUTE(locks_excluded(__VA_ARGS__))

namespace holdfast {

// std::mutex with the annotations that libstdc++'s lacks.
class HF_ATTRIBUTE(capability("mutex")) Mutex {
 public:
  void lock() HF_ATTRIBUTE(acquire_capability()) { mutex_.lock(); }
  void unlock() HF_ATTRIBUTE(release_capability()) { mutex_.unlock(); }

 private:
  friend class Condition;
  std::mutex mutex_;
};

// Holds a Mutex for a scope.
class HF_ATTRIBUTE(scoped_lockable) MutexLock {
 public:
  explicit MutexLock(Mutex& mutex) HF_ATTRIBUTE(acquire_capability(mutex)) : mutex_(mutex) {
    mutex_.lock();
  }
  ~MutexLock() HF_ATTRIBUTE(release_capability()) { mutex_.unlock(); }
  MutexLock(const MutexLock&) = delete;
  MutexLock& operator=(const MutexLock&) = delete;

 private:
  Mutex& mutex_;
};

// A condition of state guarded by one Mutex, which the waiter holds. Check it in a loop.
class Condition {
 public:
  void wait(Mutex& mutex) HF_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait(lock);
    lock.release();
  }
  template <typename Duration>
  void wait_for(Mutex& mutex, Duration duration) HF_REQUIRES(mutex) {
    std::unique_lock<std::mutex> lock(mutex.mutex_, std::adopt_lock);
    condition_.wait_for(lock, duration);
    lock.release();
  }
  void notify_all() { condition_.notify_all(); }
  void notify_one() { condition_.notify_one(); }

 private:
  std::condition_variable condition_;
};

}  // namespace holdfast
