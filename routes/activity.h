#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "cache/pull/puller.h"
#include "cache/replica/stores.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "queue/insight.h"
#include "routes/journal_tail.h"

namespace holdfast::routes {

// What has happened since the start: the journals tell it, as every change of the queue is there.
// Thread-safe.
class Activity {
 public:
  struct Totals {
    std::int64_t created = 0;
    std::int64_t attempts = 0;
    // By the state that an entry came to: acknowledged, resolved, dead, discarded, waiting, …
    std::map<std::string, std::int64_t> became;
    std::int64_t conflicts = 0;
    double delivery_seconds = 0;  // from creation to acknowledgement, summed over acknowledged ones
    std::int64_t pulls = 0;
    std::int64_t failed_pulls = 0;
    std::int64_t pulled_rows = 0;
    double pull_seconds = 0;

    std::int64_t count(const std::string& state) const;
  };
  // `stores` must outlive it.
  Activity(cache::Stores& stores, const Clock& clock);

  // Reads on in every journal. Waits for the disk.
  void advance();
  void note_pull(const cache::PullOutcome& outcome, MonotonicTime::duration taken);
  Totals totals() const;

 private:
  void count(const queue::JournalRecord& record) HF_REQUIRES(mutex_);

  mutable Mutex mutex_;
  JournalTail tail_ HF_GUARDED_BY(mutex_);
  Totals totals_ HF_GUARDED_BY(mutex_);
};

// When an id of an entry was made: the time within a UUID of version 7; nullopt for another.
std::optional<Timestamp> time_of_id(const std::string& id);

}  // namespace holdfast::routes
