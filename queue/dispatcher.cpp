#include "queue/dispatcher.h"

#include <algorithm>
#include <utility>

#include "cache/replica/temporary_ids.h"
#include "queue/forwarded_keys.h"
#include "queue/opaque_send.h"
#include "queue/row_write.h"
#include "queue/write_claims.h"

namespace holdfast::queue {
namespace {

using cache::Transaction;
using cache::Writer;

// The dispatcher's own writes are few and small, and apps wait for what they make visible.
constexpr auto kPriority = Writer::Priority::kEssential;
// Entries in one request, at most.
constexpr int kLargestBatch = 100;
// After so many answers in a row that ask for patience, the rest waits too.
constexpr int kPressedSends = 3;

template <typename Job>
void in_outbox(cache::Store& store, const Job& job) {
  store.writer().run(kPriority, [&](Transaction& transaction) {
    Outbox outbox(store.overlay());
    job(outbox, transaction);
  });
}

bool awaits_ids(cache::Database& database, const std::vector<std::int64_t>& batch) {
  return std::any_of(batch.begin(), batch.end(), [&](std::int64_t entry) {
    return cache::TemporaryIds::unresolved(database, entry) > 0;
  });
}

// Hard case 6: the request as it was asked for may find rows there that an earlier write, which is
// not delivered yet, has taken out of its filter here.
bool would_overtake(const Outbox& outbox, cache::Database& database, const cache::Overlay& overlay,
                    const Entry& entry, const AskedRequest& asked) {
  if (entry.operation != "update" && entry.operation != "delete") return false;
  const cache::Table* table = overlay.find_table(entry.relation);
  return table != nullptr && outbox.touches(database, entry.relation, entry.sequence) &&
         !named_key(*table, query_of(asked.target));
}

}  // namespace

Dispatcher::Dispatcher(Delivery& delivery, upstream::CredentialSource& credentials,
                       const DispatcherOptions& options, const cache::ReplicaOptions& tables,
                       const Clock& clock, Random random, std::shared_ptr<Logger> logger)
    : delivery_(delivery),
      credentials_(credentials),
      options_(options),
      clock_(clock),
      logger_(logger),
      recorder_(options, tables, clock, std::move(random), std::move(logger)),
      awaited_(clock) {}

DrainOutcome Dispatcher::drain(cache::Store& store, bool force) {
  DrainOutcome outcome;
  const std::int64_t begun = awaited_.mark();
  prepare(store, force);
  const bool rests = !force && away_ && away_();
  if (!rests) send_all(store, force, outcome);
  // What could not be sent now is not worth waiting for.
  awaited_.release(store.principal().id, begun);
  if (rests) return outcome;
  auto reader = store.reader();
  outcome.next_due =
      Outbox(store.overlay())
          .next_due(*reader, outcome.reached ? Outbox::Due::kQueuedToo : Outbox::Due::kWaitsOnly);
  if (outcome.next_due && *outcome.next_due > longest_wait()) {
    // The clock was set to and fro while this was sent.
    clock_was_set(store);
    outcome.next_due = clock_.now();
  }
  return outcome;
}

Timestamp Dispatcher::longest_wait() const {
  // A Retry-After, or kStalledWait.
  return clock_.now() +
         std::max({2 * options_.backoff_cap, 2 * kStalledWait, 2 * options_.statement_timeout});
}

void Dispatcher::send_all(cache::Store& store, bool force, DrainOutcome& outcome) {
  Progress progress;
  for (;;) {
    {
      auto reader = store.reader();
      if (Outbox(store.overlay()).empty(*reader)) return;
    }
    // The token is looked up for each send: it may have been renewed, or have run out.
    const auto credentials = credentials_.credentials_for(store.principal());
    if (!credentials) return hold(store);
    if (!progress.held) progress.held = try_held(store);
    const Sender sender{.store = store,
                        .credentials = *credentials,
                        .force = force,
                        .now = clock_.now(),
                        .all_stores = all_stores_};
    const auto parcels = claim(store, sender);
    if (parcels.empty()) return;
    const Reply reply = send(store, sender, parcels, progress, outcome);
    if (*progress.held && progress.token_taken) {
      progress.held = false;
      in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
        outbox.release_held(transaction, Outbox::Held::kAll);
      });
    }
    if (!go_on(store, parcels, reply, progress)) {
      outcome.reached = false;
      return;
    }
  }
}

bool Dispatcher::go_on(cache::Store& store, std::span<const Parcel> parcels, Reply reply,
                       Progress& progress) const {
  if (reply == Reply::kAnswered) {
    for (const Entry& entry : progress.silent) recorder_.set_aside(store, entry);
    progress.silent.clear();
    return progress.pressed < kPressedSends;
  }
  // One lost answer may be the entry's own doing; after a second the upstream is away, and what
  // it does not answer now it will not answer for the next entry either.
  if (reply == Reply::kNotSent || !progress.silent.empty()) return false;
  for (const Parcel& parcel : parcels) progress.silent.push_back(parcel.entry);
  return true;
}

void Dispatcher::forget_delivered(cache::Store& store) {
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    const Timestamp before = clock_.now() - options_.keep_delivered;
    outbox.forget(transaction, before);
    forget_forwarded(transaction, before);
  });
}

void Dispatcher::prepare(cache::Store& store, bool force) {
  bool interrupted = false;
  {
    auto reader = store.reader();
    interrupted = Outbox(store.overlay()).any_in(*reader, State::kSending);
  }
  // Nobody else sends this store's entries: a fault ended the drain that did.
  if (interrupted) recover(store);
  if (!force) return;
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
    outbox.release(transaction, State::kWaiting);
    outbox.release(transaction, State::kStalled);
  });
}

void Dispatcher::recover(cache::Store& store) {
  in_outbox(store, [this](Outbox& outbox, Transaction& transaction) {
    outbox.recover(transaction, clock_.now() + options_.statement_timeout);
    outbox.release_schema_changed(transaction);
  });
}

void Dispatcher::watch(cache::Store& store) {
  std::int64_t freed = 0;
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    freed = outbox.unstick(transaction, longest_wait(), clock_.now() + options_.statement_timeout);
  });
  if (freed > 0) {
    logger_->warn("queue_unstuck principal={} entries={}", store.principal().id, freed);
  }
}

void Dispatcher::clock_was_set(cache::Store& store) {
  in_outbox(store, [this](Outbox& outbox, Transaction& transaction) {
    // What may still arrive is not looked for sooner, nor a day later.
    outbox.unstick(transaction, Timestamp{}, clock_.now() + options_.statement_timeout);
  });
}

void Dispatcher::upstream_reached(cache::Store& store) {
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
    outbox.release_unreached(transaction);
  });
}

void Dispatcher::token_arrived(cache::Store& store) {
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
    outbox.release(transaction, State::kHeld);
  });
}

std::vector<Parcel> Dispatcher::claim(cache::Store& store, const Sender& sender) {
  std::vector<Parcel> parcels;
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    parcels.clear();
    auto first = claim_first(outbox, transaction, sender);
    if (!first) return;
    parcels.push_back(*std::move(first));
    if (!parcels.front().asked) claim_neighbours(outbox, transaction, sender, parcels);
  });
  // Who waits for what is not sent as it was asked for hears that it is queued.
  if (!parcels.empty() && !parcels.front().asked) awaited_.take(parcels.front().entry.id);
  return parcels;
}

std::optional<Parcel> Dispatcher::claim_first(Outbox& outbox, Transaction& transaction,
                                              const Sender& sender) const {
  cache::Overlay& overlay = sender.store.overlay();
  for (;;) {
    auto entry = outbox.claim(transaction, clock_.now());
    if (!entry) return std::nullopt;
    if (const auto reason = claims_changed(*entry, sender.credentials)) {
      outbox.hold(transaction, *entry, *reason);
      continue;
    }
    auto asked = awaited_.find(entry->id);
    if (asked && would_overtake(outbox, transaction.database(), overlay, *entry, *asked)) {
      asked.reset();
    }
    Parcel parcel{*std::move(entry), {}, std::move(asked)};
    parcel.effects = overlay.effects(transaction.database(), parcel.entry.sequence);
    parcel.watched = watched_rows(transaction.database(), overlay, parcel.entry);
    const bool several = row_starts(parcel.entry, parcel.effects).size() > 1;
    if (!several || delivery_.sends_whole(parcel)) return parcel;
    outbox.split(transaction, parcel.entry);
  }
}

void Dispatcher::claim_neighbours(Outbox& outbox, Transaction& transaction, const Sender& sender,
                                  std::vector<Parcel>& parcels) const {
  auto& database = transaction.database();
  std::vector<std::int64_t> batch = {parcels.front().entry.sequence};
  for (Entry& next : outbox.ready_after(database, batch.front(), sender.now, kLargestBatch - 1)) {
    // What a call makes of their rows is to be known first.
    if (is_opaque(parcels.back().entry) && !parcels.back().watched.empty()) return;
    if (awaited_.contains(next.id) || claims_changed(next, sender.credentials)) return;
    const auto tie = outbox.tie(database, next, batch);
    if (tie == Outbox::Tie::kBlocked) return;
    // It names a row by an id that the upstream does not know.
    if (tie == Outbox::Tie::kDepends && awaits_ids(database, batch)) return;
    Parcel parcel{std::move(next), {}};
    parcel.depends = tie == Outbox::Tie::kDepends;
    parcel.effects = sender.store.overlay().effects(database, parcel.entry.sequence);
    parcel.watched = watched_rows(database, sender.store.overlay(), parcel.entry);
    const bool several = row_starts(parcel.entry, parcel.effects).size() > 1;
    if (several && !delivery_.sends_whole(parcel)) return;
    if (!delivery_.joins(sender, parcels, parcel)) return;
    outbox.take(transaction, parcel.entry);
    batch.push_back(parcel.entry.sequence);
    parcels.push_back(std::move(parcel));
  }
}

void Dispatcher::hold(cache::Store& store) {
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
    outbox.hold_all(transaction, "no valid token of this user; waits until the app signs in again");
  });
}

bool Dispatcher::try_held(cache::Store& store) {
  {
    auto reader = store.reader();
    if (!Outbox(store.overlay()).lacks_token(*reader)) return false;
  }
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
    outbox.release_held(transaction, Outbox::Held::kLeastTried);
  });
  return true;
}

Dispatcher::Reply Dispatcher::send(cache::Store& store, const Sender& sender,
                                   std::span<const Parcel> parcels, Progress& progress,
                                   DrainOutcome& outcome) {
  auto receipts = delivery_.deliver(sender, parcels);
  std::vector<Recorder::Result> results;
  // From here on nobody else answers the app. Whatever is thrown, its write is queued.
  auto waiter = parcels.front().asked ? awaited_.take(parcels.front().entry.id) : std::nullopt;
  const bool heard = waiter && receipts.front().told.answer;
  for (std::size_t i = 0; i < parcels.size(); ++i) {
    Verdict& verdict = receipts.at(i).verdict;
    if (auto* refused = std::get_if<TokenRefused>(&verdict)) {
      verdict = after_refused_token(store, sender.credentials, std::move(*refused));
    }
    results.push_back({&parcels[i], std::move(verdict), heard && i == 0});
  }
  const Reply reply = reply_of(results.back().verdict, progress);
  const auto ended = outcome.ended;
  recorder_.write_down(store, results, outcome);
  if (heard && outcome.ended > ended) waiter->tell(std::move(receipts.front().told));
  return reply;
}

Dispatcher::Reply Dispatcher::reply_of(const Verdict& last, Progress& progress) {
  const auto* unknown = std::get_if<Uncertain>(&last);
  const auto* again = std::get_if<TryAgain>(&last);
  progress.token_taken =
      unknown == nullptr && again == nullptr && !std::holds_alternative<TokenRefused>(last);
  if (unknown != nullptr && unknown->just_lost) return Reply::kLost;
  progress.pressed = again != nullptr && again->status != 0 ? progress.pressed + 1 : 0;
  if (again == nullptr || again->status != 0) return Reply::kAnswered;
  return again->lost_answer ? Reply::kLost : Reply::kNotSent;
}

Verdict Dispatcher::after_refused_token(const cache::Store& store,
                                        const upstream::Credentials& credentials,
                                        TokenRefused refused) {
  credentials_.refuse(store.principal(), credentials);
  if (store.principal().kind == http::Principal::Kind::kUser) return refused;
  // A key does not expire: the upstream's configuration is changing, or ours is wrong.
  return TryAgain{refused.status, std::move(refused.reason), false, std::nullopt, true};
}

}  // namespace holdfast::queue
