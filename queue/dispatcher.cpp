#include "queue/dispatcher.h"

namespace holdfast::queue {
namespace {

using cache::Transaction;
using cache::Writer;

// The dispatcher's own writes are few and small, and apps wait for what they make visible.
constexpr auto kPriority = Writer::Priority::kClient;

template <typename Job>
void in_outbox(cache::Store& store, const Job& job) {
  store.writer().run(kPriority, [&](Transaction& transaction) {
    Outbox outbox(store.overlay());
    job(outbox, transaction);
  });
}

}  // namespace

Dispatcher::Dispatcher(Delivery& delivery, upstream::CredentialSource& credentials,
                       const DispatcherOptions& options, const Clock& clock, Random random,
                       std::shared_ptr<Logger> logger)
    : delivery_(delivery),
      credentials_(credentials),
      options_(options),
      clock_(clock),
      random_(std::move(random)),
      logger_(std::move(logger)),
      awaited_(clock) {}

DrainOutcome Dispatcher::drain(cache::Store& store, bool force) {
  DrainOutcome outcome;
  const std::int64_t begun = awaited_.mark();
  prepare(store, force);
  send_all(store, force, outcome);
  // What could not be sent now is not worth waiting for.
  awaited_.release(store.principal().id, begun);
  auto reader = store.reader();
  outcome.next_due =
      Outbox(store.overlay())
          .next_due(*reader, outcome.reached ? Outbox::Due::kQueuedToo : Outbox::Due::kWaitsOnly);
  return outcome;
}

void Dispatcher::send_all(cache::Store& store, bool force, DrainOutcome& outcome) {
  std::optional<Entry> silent;  // got no answer, and nobody after it was sent yet
  for (;;) {
    {
      auto reader = store.reader();
      if (Outbox(store.overlay()).empty(*reader)) return;
    }
    // The token is looked up for each entry: it may have been renewed, or have run out.
    const auto credentials = credentials_.credentials_for(store.principal());
    if (!credentials) return hold(store);
    const auto entry = claim(store);
    if (!entry) return;
    const Reply reply = send_one(store, *entry, *credentials, force, outcome);
    if (reply == Reply::kAnswered) {
      if (silent) set_aside(store, *silent);
      silent.reset();
      continue;
    }
    // One lost answer may be the entry's own doing; after a second the upstream is away, and what
    // it does not answer now it will not answer for the next entry either.
    if (reply == Reply::kNotSent || silent) {
      outcome.reached = false;
      return;
    }
    silent = entry;
  }
}

void Dispatcher::forget_delivered(cache::Store& store) {
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    outbox.forget(transaction, clock_.now() - options_.keep_delivered);
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
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) { outbox.recover(transaction); });
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

std::optional<Entry> Dispatcher::claim(cache::Store& store) {
  std::optional<Entry> entry;
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    entry = outbox.claim(transaction, clock_.now());
  });
  return entry;
}

void Dispatcher::hold(cache::Store& store) {
  in_outbox(store, [](Outbox& outbox, Transaction& transaction) {
    outbox.hold_all(transaction, "no valid token of this user; waits until the app signs in again");
  });
}

Dispatcher::Reply Dispatcher::send_one(cache::Store& store, const Entry& entry,
                                       const upstream::Credentials& credentials, bool force,
                                       DrainOutcome& outcome) {
  Parcel parcel{entry, {}, awaited_.find(entry.id)};
  {
    auto reader = store.reader();
    parcel.effects = store.overlay().effects(*reader, entry.sequence);
  }
  auto [verdict, told] = std::move(
      delivery_.deliver({store, credentials, force}, std::span<const Parcel>(&parcel, 1)).at(0));
  if (std::holds_alternative<TokenRefused>(verdict)) {
    verdict = after_refused_token(store, credentials, std::get<TokenRefused>(verdict));
  }
  // From here on nobody else answers the app. Whatever is thrown, its write is queued.
  auto waiter = awaited_.take(entry.id);
  const bool heard = waiter && parcel.asked && told.answer;
  const auto ended = outcome.ended;
  write_down(store, entry, verdict, heard ? App::kHeardOfIt : App::kAnsweredBefore, outcome);
  if (heard && outcome.ended > ended) waiter->tell(std::move(told));
  const auto* again = std::get_if<TryAgain>(&verdict);
  if (again == nullptr || again->status != 0) return Reply::kAnswered;
  return again->lost_answer ? Reply::kLost : Reply::kNotSent;
}

void Dispatcher::set_aside(cache::Store& store, const Entry& entry) {
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    const auto now = outbox.find(transaction.database(), entry.id);
    // The upstream's answer to the next entry may have released it already, or a person ended it.
    if (!now || (now->state != State::kWaiting && now->state != State::kQueued)) return;
    const auto until = clock_.now() + backoff(options_, now->attempts, std::nullopt, random_);
    outbox.wait(transaction, *now, now->attempts, {until, 0, now->last_error, true});
    // Stalled, so that the upstream's return, which was never away, does not release it.
    outbox.stall(transaction, *now);
  });
}

Verdict Dispatcher::after_refused_token(const cache::Store& store,
                                        const upstream::Credentials& credentials,
                                        TokenRefused refused) {
  credentials_.refuse(store.principal(), credentials);
  if (store.principal().kind == http::Principal::Kind::kUser) return refused;
  // A key does not expire: the upstream's configuration is changing, or ours is wrong.
  return TryAgain{refused.status, std::move(refused.reason), false, std::nullopt, true};
}

void Dispatcher::write_down(cache::Store& store, const Entry& entry, const Verdict& verdict,
                            App app, DrainOutcome& outcome) {
  const Timestamp now = clock_.now();
  in_outbox(store, [&](Outbox& outbox, Transaction& transaction) {
    if (const auto* applied = std::get_if<Applied>(&verdict)) {
      outbox.acknowledge(transaction, entry, applied->images, now);
      ++outcome.ended;
      ++outcome.uploaded;
    } else if (const auto* superseded = std::get_if<Superseded>(&verdict)) {
      outbox.resolve(transaction, entry, superseded->reason, superseded->images, now);
      ++outcome.ended;
      outcome.errors.push_back(entry.id + ": " + superseded->reason);
    } else if (const auto* token = std::get_if<TokenRefused>(&verdict)) {
      outbox.park(transaction, entry, State::kHeld, token->status, token->reason);
      outcome.errors.push_back(entry.id + ": " + token->reason);
    } else if (const auto* unknown = std::get_if<Uncertain>(&verdict)) {
      outbox.park(transaction, entry, State::kUncertain, unknown->status, unknown->reason);
      outcome.errors.push_back(entry.id + ": " + unknown->reason);
    } else if (const auto* refused = std::get_if<Refused>(&verdict)) {
      outcome.errors.push_back(entry.id + ": " + refused->reason);
      if (refused->may_depend_on_earlier &&
          outbox.has_earlier_unfinished(transaction.database(), entry)) {
        outbox.park(transaction, entry, State::kBlocked, refused->status, refused->reason);
      } else if (app == App::kHeardOfIt) {
        outbox.refuse(transaction, entry, refused->status, refused->reason, now);
        ++outcome.ended;
      } else {
        outbox.reject(transaction, entry, refused->status, refused->reason, now);
        ++outcome.ended;
      }
    } else if (const auto* again = std::get_if<TryAgain>(&verdict)) {
      wait(outbox, transaction, entry, *again);
      outcome.errors.push_back(entry.id + ": " + again->reason);
    }
  });
  logger_->info("entry_sent id={} operation={} table={} attempt={} outcome={}", entry.id,
                entry.operation, entry.relation, entry.attempts, verdict.index());
}

void Dispatcher::wait(Outbox& outbox, Transaction& transaction, const Entry& entry,
                      const TryAgain& again) const {
  // The silence before the upstream's first answer says nothing about the entry.
  const bool first_answer = again.status != 0 && entry.last_status == 0;
  const int attempts = first_answer ? 1 : entry.attempts;
  const bool stalled = again.server_error && attempts >= kAttemptsBeforeStalled;
  const auto delay =
      stalled ? kStalledWait : backoff(options_, attempts, again.retry_after, random_);
  outbox.wait(transaction, entry, attempts,
              {clock_.now() + delay, again.status, again.reason, again.lost_answer});
  if (stalled) outbox.stall(transaction, entry);
}

}  // namespace holdfast::queue
