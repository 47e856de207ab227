#pragma once

#include <atomic>

#include "gateway/base/clock.h"

namespace holdfast::support {

// A clock that stands still until it is moved.
// Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Timestamp now = Timestamp(std::chrono::hours(24 * 365 * 50))) : now_(now) {}

  Timestamp now() const override { return now_.load(); }
  MonotonicTime monotonic() const override { return monotonic_.load(); }

  // Lets both clocks pass `duration`.
  void advance(std::chrono::microseconds duration) {
    now_ = now_.load() + duration;
    monotonic_ = monotonic_.load() + duration;
  }
  // Sets the wall clock alone, as a person or NTP does.
  void set(Timestamp now) { now_ = now; }

 private:
  std::atomic<Timestamp> now_;
  std::atomic<MonotonicTime> monotonic_{MonotonicTime(std::chrono::hours(1))};
};

}  // namespace holdfast::support
