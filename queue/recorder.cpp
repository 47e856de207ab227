#include "queue/recorder.h"

#include <algorithm>

#include "queue/earlier.h"
#include "queue/row_chain.h"

namespace holdfast::queue {
namespace {

using cache::Transaction;
using cache::Writer;

// So many times a row may have changed again before the entry waits a while.
constexpr int kCollisionsInARow = 5;

}  // namespace

struct Recorder::Page {
  Outbox& outbox;
  Transaction& transaction;
  Timestamp now;
  DrainOutcome& outcome;

  void note(const Entry& entry, const std::string& reason) const {
    outcome.errors.push_back(entry.id + ": " + reason);
  }
};

Recorder::Recorder(const DispatcherOptions& options, const cache::ReplicaOptions& tables,
                   const Clock& clock, Random random, std::shared_ptr<Logger> logger)
    : options_(options),
      tables_(tables),
      clock_(clock),
      random_(std::move(random)),
      logger_(std::move(logger)) {}

void Recorder::write_down(cache::Store& store, std::span<const Result> results,
                          DrainOutcome& outcome) const {
  try {
    return write_together(store, results, outcome);
  } catch (const cache::SqliteError&) {
    throw;
  } catch (const std::exception& fault) {
    if (results.size() == 1) return stall_unwritten(store, results[0].parcel->entry, fault.what());
  }
  for (const Result& result : results) write_down(store, {&result, 1}, outcome);
}

void Recorder::stall_unwritten(cache::Store& store, const Entry& entry,
                               const std::string& fault) const {
  logger_->error("entry_not_written_down id={} reason={}", entry.id, fault);
  store.writer().run(Writer::Priority::kEssential, [&](Transaction& transaction) {
    Outbox outbox(store.overlay());
    // As if no answer had come: what it did is looked for before it is sent again.
    outbox.wait(
        transaction, entry, entry.attempts,
        {clock_.now() + kStalledWait, 0, "its outcome cannot be written down: " + fault, true});
    outbox.stall(transaction, entry);
  });
}

void Recorder::write_together(cache::Store& store, std::span<const Result> results,
                              DrainOutcome& outcome) const {
  DrainOutcome reached = outcome;
  // Apps wait for what becomes visible with it.
  store.writer().run(Writer::Priority::kEssential, [&](Transaction& transaction) {
    reached = outcome;
    Outbox outbox(store.overlay());
    Page page{outbox, transaction, clock_.now(), reached};
    for (const Result& result : results) write(page, result);
  });
  outcome = std::move(reached);
  for (const Result& result : results) {
    const Entry& entry = result.parcel->entry;
    logger_->info("entry_sent id={} operation={} table={} attempt={} outcome={}", entry.id,
                  entry.operation, entry.relation, entry.attempts, name_of(result.verdict));
  }
}

void Recorder::write(Page& page, const Result& result) const {
  const Entry& entry = result.parcel->entry;
  const Verdict& verdict = result.verdict;
  if (const auto* applied = std::get_if<Applied>(&verdict)) {
    if (is_chained(page, entry)) RowChain::append(page.transaction, entry);
    page.outbox.acknowledge(page.transaction, entry, applied->images, page.now);
    for (const TouchedRow& row : applied->touched) {
      page.outbox.overlay().follow(page.transaction, *row.table, row.before, row.after);
    }
    if (applied->result) {
      page.outbox.keep_result(page.transaction, entry.sequence, *applied->result);
    }
    ++page.outcome.ended;
    ++page.outcome.uploaded;
  } else if (const auto* superseded = std::get_if<Superseded>(&verdict)) {
    write_ended(page, *result.parcel, *superseded);
  } else if (const auto* token = std::get_if<TokenRefused>(&verdict)) {
    page.outbox.park(page.transaction, entry, State::kHeld, token->status, token->reason);
    page.note(entry, token->reason);
  } else if (const auto* unknown = std::get_if<Uncertain>(&verdict)) {
    Outbox::Doubt doubt{unknown->status, unknown->reason, std::nullopt};
    if (unknown->looked_for) {
      doubt.look_at = page.now + std::max(options_.statement_timeout,
                                          backoff(options_, entry.attempts, std::nullopt, random_));
    }
    page.outbox.doubt(page.transaction, entry, doubt);
    page.note(entry, unknown->reason);
  } else if (const auto* refused = std::get_if<Refused>(&verdict)) {
    write_refused(page, entry, *refused, result.heard);
  } else if (const auto* again = std::get_if<TryAgain>(&verdict)) {
    write_waiting(page, entry, *again);
  } else if (std::holds_alternative<LeftOut>(verdict)) {
    page.outbox.give_back(page.transaction, entry);
  } else if (const auto* collided = std::get_if<Collided>(&verdict)) {
    arbitrate(page, entry, *collided);
  }
}

bool Recorder::is_chained(const Page& page, const Entry& entry) const {
  if (!makes_rows(entry)) return false;
  const cache::Table* table = page.outbox.overlay().find_table(entry.relation);
  return table != nullptr && tables_.of(*table).append_only;
}

void Recorder::write_ended(Page& page, const Parcel& parcel, const Superseded& superseded) const {
  Arbiter(page.outbox, tables_)
      .give_way(page.transaction, parcel.entry, parcel.effects, superseded, page.now);
  ++page.outcome.ended;
  page.note(parcel.entry, superseded.reason);
}

void Recorder::write_refused(Page& page, const Entry& entry, const Refused& refused,
                             bool heard) const {
  page.note(entry, refused.reason);
  auto& database = page.transaction.database();
  // Who hears the upstream's words now need not wait for a person.
  const auto earlier = heard ? earlier_on_its_way(database, entry.sequence)
                             : awaited_entry(database, page.outbox.overlay(), entry.sequence,
                                             refused.lack, refused.reason);
  const bool may_lack = refused.lack != Lack::kNothing;
  if (may_lack && earlier) {
    page.outbox.park(page.transaction, entry, State::kBlocked, refused.status,
                     refused.reason + " (tried again after the earlier entry " + *earlier + ")");
    return;
  }
  if (may_lack && page.outbox.block(page.transaction, entry)) return;
  if (heard) {
    page.outbox.refuse(page.transaction, entry, refused.status, refused.reason, page.now);
  } else {
    page.outbox.reject(page.transaction, entry, refused.status, refused.reason, page.now);
  }
  ++page.outcome.ended;
}

void Recorder::write_waiting(Page& page, const Entry& entry, const TryAgain& again) const {
  // The silence before the upstream's first answer says nothing about the entry.
  const bool first_answer = again.status != 0 && entry.last_status == 0;
  const int attempts = first_answer ? 1 : entry.attempts;
  const bool stalled = again.parks || (again.server_error && attempts >= kAttemptsBeforeStalled);
  const auto delay =
      stalled ? kStalledWait : backoff(options_, attempts, again.retry_after, random_);
  page.outbox.wait(page.transaction, entry, attempts,
                   {page.now + delay, again.status, again.reason, again.lost_answer});
  if (stalled) page.outbox.stall(page.transaction, entry);
  page.note(entry, again.reason);
}

void Recorder::arbitrate(Page& page, const Entry& entry, const Collided& collided) const {
  const auto settled =
      Arbiter(page.outbox, tables_).settle(page.transaction, entry, collided, page.now);
  if (settled.end == Arbiter::End::kResolved) ++page.outcome.ended;
  if (!settled.reason.empty()) page.note(entry, settled.reason);
  if (settled.end != Arbiter::End::kSentAgain || entry.attempts % kCollisionsInARow != 0) return;
  const auto delay = backoff(options_, entry.attempts, std::nullopt, random_);
  page.outbox.wait(page.transaction, entry, entry.attempts,
                   {page.now + delay, 0, "the row keeps changing while this is sent"});
}

void Recorder::set_aside(cache::Store& store, const Entry& entry) const {
  store.writer().run(Writer::Priority::kEssential, [&](Transaction& transaction) {
    Outbox outbox(store.overlay());
    const auto now = outbox.find(transaction.database(), entry.id);
    // The upstream's answer to the next entry may have released it already, or a person ended it.
    if (!now || (now->state != State::kWaiting && now->state != State::kQueued)) return;
    const auto until = clock_.now() + backoff(options_, now->attempts, std::nullopt, random_);
    outbox.wait(transaction, *now, now->attempts, {until, 0, now->last_error, true});
    // Stalled, so that the upstream's return, which was never away, does not release it.
    outbox.stall(transaction, *now);
  });
}

}  // namespace holdfast::queue
