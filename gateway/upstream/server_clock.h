#pragma once

#include <optional>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"

namespace holdfast::upstream {

// The upstream's wall clock, as its answers' Date fields tell it, for whatever is judged by times
// that the upstream wrote: tokens. The clock of a person's machine may be wrong by days, and
// Supabase does not mind; neither may we.
//
// Between answers it runs on by the monotonic clock, so that nobody sets it. Before the first
// answer, and while the two agree within half a minute, it is the machine's own.
// Thread-safe.
class ServerClock final : public Clock {
 public:
  // `local` must outlive it.
  explicit ServerClock(const Clock& local) : local_(local) {}

  // An answer that came now carried this Date.
  void note(Timestamp date);
  // It was as late as this at least, before the process began: a machine's clock that is behind it
  // is wrong.
  void not_before(Timestamp known);

  Timestamp now() const override;
  MonotonicTime monotonic() const override { return local_.monotonic(); }

 private:
  struct Reading {
    Timestamp date;
    MonotonicTime at;
  };

  const Clock& local_;
  mutable Mutex mutex_;
  std::optional<Reading> reading_ HF_GUARDED_BY(mutex_);
  Timestamp known_ HF_GUARDED_BY(mutex_){};
};

}  // namespace holdfast::upstream
