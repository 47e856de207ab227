#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/store.h"
#include "gateway/base/clock.h"
#include "gateway/base/logging.h"
#include "gateway/upstream/credentials.h"
#include "queue/awaited.h"
#include "queue/delivery.h"
#include "queue/options.h"
#include "queue/outbox.h"
#include "queue/retry_policy.h"

namespace holdfast::queue {

struct DrainOutcome {
  std::int64_t ended = 0;     // entries acknowledged, resolved or rejected
  std::int64_t uploaded = 0;  // of these, acknowledged
  std::vector<std::string> errors;
  bool reached = true;                // false: the upstream gave no answer
  std::optional<Timestamp> next_due;  // when there is something to do again by itself
};

// Sends a principal's entries, oldest first, until none may be sent now.
//
// One thread at a time for each Store; blocking. Everything that it learns is durable before it
// goes on, so a crash anywhere leaves each entry either unsent, or marked as being sent.
class Dispatcher {
 public:
  // All references must outlive it.
  Dispatcher(Delivery& delivery, upstream::CredentialSource& credentials,
             const DispatcherOptions& options, const Clock& clock, Random random,
             std::shared_ptr<Logger> logger);

  // `force`: try although the upstream is known to be offline, and entries that back off too.
  DrainOutcome drain(cache::Store& store, bool force = false);

  // Deletes what was delivered longer than keep_delivered ago.
  void forget_delivered(cache::Store& store);

  // Who waits for answers to entries of any store.
  Awaited& awaited() { return awaited_; }

  // After a start, before the first drain(): what was being sent may have taken effect.
  void recover(cache::Store& store);
  // The upstream answers again: entries that wait for it alone need not wait longer.
  void upstream_reached(cache::Store& store);
  // The principal has a token again.
  void token_arrived(cache::Store& store);

 private:
  enum class Reply { kAnswered, kLost, kNotSent };

  void send_all(cache::Store& store, bool force, DrainOutcome& outcome);
  Reply send_one(cache::Store& store, const Entry& entry, const upstream::Credentials& credentials,
                 bool force, DrainOutcome& outcome);
  // Takes an entry that alone gets no answer out of the way of the others.
  void set_aside(cache::Store& store, const Entry& entry);
  Verdict after_refused_token(const cache::Store& store, const upstream::Credentials& credentials,
                              TokenRefused refused);
  // Whether the entry's app waits and is about to be told the upstream's own words.
  enum class App { kHeardOfIt, kAnsweredBefore };
  void write_down(cache::Store& store, const Entry& entry, const Verdict& verdict, App app,
                  DrainOutcome& outcome);
  void wait(Outbox& outbox, cache::Transaction& transaction, const Entry& entry,
            const TryAgain& again) const;
  void prepare(cache::Store& store, bool force);
  std::optional<Entry> claim(cache::Store& store);
  void hold(cache::Store& store);

  Delivery& delivery_;
  upstream::CredentialSource& credentials_;
  const DispatcherOptions options_;
  const Clock& clock_;
  const Random random_;
  const std::shared_ptr<Logger> logger_;
  Awaited awaited_;
};

}  // namespace holdfast::queue
