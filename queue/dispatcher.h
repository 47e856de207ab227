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
#include "queue/recorder.h"

namespace holdfast::queue {

// Sends a principal's entries, oldest first, until none may be sent now.
//
// One thread at a time for each Store; blocking. Everything that it learns is durable before it
// goes on, so a crash anywhere leaves each entry either unsent, or marked as being sent.
class Dispatcher {
 public:
  // All references must outlive it.
  Dispatcher(Delivery& delivery, upstream::CredentialSource& credentials,
             const DispatcherOptions& options, const cache::ReplicaOptions& tables,
             const Clock& clock, Random random, std::shared_ptr<Logger> logger);

  // `force`: try although the upstream is known to be offline, and entries that back off too.
  DrainOutcome drain(cache::Store& store, bool force = false);

  // Deletes what was delivered longer than keep_delivered ago.
  void forget_delivered(cache::Store& store);

  // The watchdog: looks for entries that nothing else would send again, and says so in the log.
  void watch(cache::Store& store);
  // The ends of all waits were reckoned by another clock: they are over, and what may still arrive
  // is looked for after the statement timeout from now.
  void clock_was_set(cache::Store& store);

  // While `away` holds nothing is sent unless a drain is forced: to claim an entry and to note that
  // it could not be sent are two commits for nothing, for every write of an app. Before the first
  // drain(). upstream_reached() and a drain() must follow its end.
  void rest_while(std::function<bool()> away) { away_ = std::move(away); }

  // What other principals have sent tells apart the rows of a lost one. Before the first drain().
  void know_stores(AllStores all_stores) { all_stores_ = std::move(all_stores); }

  // Who waits for answers to entries of any store.
  Awaited& awaited() { return awaited_; }

  // After a start, or with another catalog, before the first drain(): what was being sent may have
  // taken effect, and what the old schema did not take may be taken now.
  void recover(cache::Store& store);
  // The upstream answers again: entries that wait for it alone need not wait longer.
  void upstream_reached(cache::Store& store);
  // The principal has a token again.
  void token_arrived(cache::Store& store);

 private:
  enum class Reply { kAnswered, kLost, kNotSent };

  // What stands between a drain and its end.
  struct Progress {
    std::vector<Entry> silent;                // got no answer, and nobody after them was sent yet
    int pressed = 0;                          // answers in a row that ask for patience
    std::optional<bool> held = std::nullopt;  // whether entries were held for want of a token
    bool token_taken = false;                 // by the last send
  };

  void send_all(cache::Store& store, bool force, DrainOutcome& outcome);
  // False: the upstream had better be left alone for a while.
  bool go_on(cache::Store& store, std::span<const Parcel> parcels, Reply reply,
             Progress& progress) const;
  Reply send(cache::Store& store, const Sender& sender, std::span<const Parcel> parcels,
             Progress& progress, DrainOutcome& outcome);
  // Of a send, by what became of its last parcel.
  static Reply reply_of(const Verdict& last, Progress& progress);
  Verdict after_refused_token(const cache::Store& store, const upstream::Credentials& credentials,
                              TokenRefused refused);
  // No wait that is given ends later.
  Timestamp longest_wait() const;
  void prepare(cache::Store& store, bool force);
  // The entries to send next: one, or neighbours that go in one request. Empty: none may go now.
  std::vector<Parcel> claim(cache::Store& store, const Sender& sender);
  // Entries whose claims have changed are held on the way.
  std::optional<Parcel> claim_first(Outbox& outbox, cache::Transaction& transaction,
                                    const Sender& sender) const;
  void claim_neighbours(Outbox& outbox, cache::Transaction& transaction, const Sender& sender,
                        std::vector<Parcel>& parcels) const;
  void hold(cache::Store& store);
  // There is a token, though its news may have come just before entries were held for want of one,
  // or the upstream has refused one of late: one of them is tried with it. False: none is held.
  bool try_held(cache::Store& store);

  Delivery& delivery_;
  std::function<bool()> away_;
  AllStores all_stores_;
  upstream::CredentialSource& credentials_;
  const DispatcherOptions options_;
  const Clock& clock_;
  const std::shared_ptr<Logger> logger_;
  const Recorder recorder_;
  Awaited awaited_;
};

}  // namespace holdfast::queue
