#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "gateway/base/clock.h"
#include "gateway/base/logging.h"
#include "queue/arbiter.h"
#include "queue/delivery.h"
#include "queue/options.h"
#include "queue/outbox.h"
#include "queue/retry_policy.h"

namespace holdfast::queue {

// What a drain has done so far.
struct DrainOutcome {
  std::int64_t ended = 0;     // entries acknowledged, resolved or rejected
  std::int64_t uploaded = 0;  // of these, acknowledged
  std::vector<std::string> errors;
  bool reached = true;                // false: the upstream gave no answer
  std::optional<Timestamp> next_due;  // when there is something to do again by itself
};

// Writes down what became of sends.
//
// One thread at a time for each Store: its dispatcher.
class Recorder {
 public:
  // All references must outlive it.
  Recorder(const DispatcherOptions& options, const cache::ReplicaOptions& tables,
           const Clock& clock, Random random, std::shared_ptr<Logger> logger);

  struct Result {
    const Parcel* parcel;
    Verdict verdict;
    // Its app is about to be told the upstream's own words.
    bool heard = false;
  };
  // In one transaction, in order. A result that cannot be written down stalls its entry, and holds
  // nobody else up. Throws SqliteError.
  void write_down(cache::Store& store, std::span<const Result> results,
                  DrainOutcome& outcome) const;
  // An entry that alone gets no answer: it waits, and nobody with it.
  void set_aside(cache::Store& store, const Entry& entry) const;

 private:
  struct Page;  // what one write_down() works with

  void write_together(cache::Store& store, std::span<const Result> results,
                      DrainOutcome& outcome) const;
  void stall_unwritten(cache::Store& store, const Entry& entry, const std::string& fault) const;
  void write(Page& page, const Result& result) const;
  // Its rows go to an append-only table.
  bool is_chained(const Page& page, const Entry& entry) const;
  void write_ended(Page& page, const Parcel& parcel, const Superseded& superseded) const;
  void write_refused(Page& page, const Entry& entry, const Refused& refused, bool heard) const;
  void write_waiting(Page& page, const Entry& entry, const TryAgain& again) const;
  // The row is not what the entry was based on: its table's strategy decides.
  void arbitrate(Page& page, const Entry& entry, const Collided& collided) const;

  const DispatcherOptions options_;
  const cache::ReplicaOptions& tables_;
  const Clock& clock_;
  const Random random_;
  const std::shared_ptr<Logger> logger_;
};

}  // namespace holdfast::queue
