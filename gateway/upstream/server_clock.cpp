#include "gateway/upstream/server_clock.h"

#include <algorithm>

namespace holdfast::upstream {
namespace {

// PostgREST allows as much; a Date is a second old, and an answer takes its time.
constexpr auto kAgreement = std::chrono::seconds(30);

}  // namespace

void ServerClock::note(Timestamp date) {
  const MonotonicTime at = local_.monotonic();
  MutexLock lock(mutex_);
  reading_ = Reading{date, at};
}

void ServerClock::not_before(Timestamp known) {
  MutexLock lock(mutex_);
  known_ = known;
}

Timestamp ServerClock::now() const {
  const Timestamp local = local_.now();
  MutexLock lock(mutex_);
  if (!reading_) return std::max(local, known_);
  const auto passed = local_.monotonic() - reading_->at;
  const Timestamp estimate =
      reading_->date + std::chrono::duration_cast<Timestamp::duration>(passed);
  const auto difference = estimate > local ? estimate - local : local - estimate;
  return difference <= kAgreement ? local : estimate;
}

}  // namespace holdfast::upstream
