#include "queue/outbox.h"

#include "cache/pull/images.h"
#include "queue/damage.h"
#include "queue/dependants.h"
#include "queue/moves.h"
#include "queue/outbox_sql.h"
#include "queue/real_ids.h"
#include "queue/touched.h"
#include "queue/write_claims.h"

namespace holdfast::queue {
namespace {

using cache::Statement;

// Of the status codes the one for what failed as another did (RFC 4918, 11.4).
constexpr int kFailedDependency = 424;

// A statement with triggers keeps a copy of each page that it changes, to take back what it did
// alone. One that fails here ends its job, which is taken back as a whole.
constexpr const char* kInsertEntry =
    "INSERT OR FAIL INTO hf_outbox(id, relation, operation, method, target, headers, body, role,"
    " claims, idempotency_key, app_key, created_at, state, minted_key, parent, sequence,"
    " lost_answer, write_claims, released)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'queued', ?13, ?14, ?15, ?16, ?17,"
    " ?18)";

}  // namespace

void Outbox::insert(Transaction& transaction, Entry& entry) const {
  Database& database = transaction.database();
  Statement& insert = database.cached(kInsertEntry);
  insert.bind_borrowed(1, entry.id).bind_borrowed(2, entry.relation);
  insert.bind_borrowed(3, entry.operation).bind_borrowed(4, entry.method);
  insert.bind_borrowed(5, entry.target).bind_borrowed(6, entry.headers);
  insert.bind_borrowed(7, entry.body).bind_borrowed(8, entry.role);
  insert.bind_borrowed(9, entry.claims).bind_borrowed(10, entry.idempotency_key);
  if (entry.app_key) insert.bind_borrowed(11, *entry.app_key);
  insert.bind(12, micros(entry.created_at)).bind(13, std::int64_t{entry.minted_key});
  if (entry.parent) insert.bind_borrowed(14, *entry.parent);
  if (entry.sequence != 0) insert.bind(15, entry.sequence);
  insert.bind(16, std::int64_t{entry.lost_answer});
  insert.bind_borrowed(17, entry.write_claims).bind(18, std::int64_t{entry.released}).run();
  entry.sequence = database.last_insert_rowid();
}

void Outbox::append(Transaction& transaction, Entry& entry, std::span<cache::Effect> effects,
                    const References& references, const References& former) {
  Database& database = transaction.database();
  insert(transaction, entry);
  // So that the entries that it may be split into stand in its place.
  const auto rows = static_cast<std::int64_t>(
      std::max(row_starts(entry, effects).size(), upsert_starts(entry, effects).size()));
  if (rows > 1) {
    Statement& reserve =
        database.cached("UPDATE sqlite_sequence SET seq=?1 WHERE name='hf_outbox'");
    reserve.bind(1, entry.sequence + rows - 1).run();
  }
  refer(transaction, entry.sequence, references, former);
  overlay_.apply(transaction, entry.sequence, effects);
}

void Outbox::forget(Transaction& transaction, Timestamp before) {
  constexpr const char* kGone =
      "SELECT sequence FROM hf_outbox WHERE state IN ('acknowledged', 'discarded')"
      " AND ended_at<?1";
  Database& database = transaction.database();
  database.cached(std::string("DELETE FROM hf_effects WHERE entry IN (") + kGone + ")")
      .bind(1, micros(before))
      .run();
  database
      .cached("DELETE FROM hf_outbox WHERE state IN ('acknowledged', 'discarded') AND ended_at<?1")
      .bind(1, micros(before))
      .run();
}

namespace {

// Which of them its triggers have changed nobody has told, so later writes that name none of what
// has changed are based on it. A call may have changed none of so many rows: what nobody tells of
// it is a conflict.
void presume_touched(cache::Transaction& transaction, const cache::Overlay& overlay,
                     const Entry& entry) {
  if (is_opaque(entry)) return;
  for (const auto& [table, key] : touchable_rows(transaction.database(), overlay, entry)) {
    overlay.presume(transaction, *table, key, cache::Overlay::Presumed::kTouched);
    cache::queue_for_reading(transaction, cache::relation_of(*table), key);
  }
}

// Deletions that would take along what the entry, which has ended without effect, was to move.
void refuse_reaching(Outbox& outbox, cache::Transaction& transaction, const Entry& entry,
                     const std::vector<std::int64_t>& deletions, Timestamp now) {
  for (const std::int64_t deletion : deletions) {
    outbox.reject(transaction, entry_at(transaction.database(), deletion), kFailedDependency,
                  "HF424: the write " + entry.id +
                      " did not take the rows out of its reach that this would delete along",
                  now);
  }
}

}  // namespace

void Outbox::acknowledge(Transaction& transaction, const Entry& entry,
                         const std::vector<cache::UpstreamImage>& images, Timestamp now) {
  auto known = images;
  put_real_ids(transaction, overlay_, entry, known);
  overlay_.acknowledge(transaction, entry.sequence, known);
  presume_touched(transaction, overlay_, entry);
  if (entry.lost_answer) {
    // What tells of it now may have been kept since, and be older than what a pull has brought.
    for (const auto& image : known) {
      cache::queue_for_reading(transaction, cache::relation_of(*image.table), image.key);
    }
  }
  end(transaction, entry, State::kAcknowledged, 0, "", now);
  // Hard case 13: no id but a real one goes upstream.
  for (const std::int64_t each : naming_unknown_ids(transaction.database(), entry.sequence)) {
    reject(transaction, entry_at(transaction.database(), each), kFailedDependency,
           "HF424: the write " + entry.id + " made no row whose id is known, and this one names it",
           now);
  }
}

void Outbox::resolve(Transaction& transaction, const Entry& entry, const std::string& reason,
                     const std::vector<cache::UpstreamImage>& images, Timestamp now) {
  Database& database = transaction.database();
  const auto effects = overlay_.effects(database, entry.sequence);
  const auto past = deletions_past(database, entry.sequence);
  overlay_.supersede(transaction, entry.sequence, images);
  end(transaction, entry, State::kResolved, entry.last_status, reason, now);
  refuse_reaching(*this, transaction, entry, reaching_again(database, overlay_, effects, past),
                  now);
}

void Outbox::reject(Transaction& transaction, const Entry& entry, int status,
                    const std::string& reason, Timestamp now) {
  overlay_.suspend(transaction, entry.sequence);
  end(transaction, entry, State::kDead, status, reason, now);
  review(transaction, overlay_, dependants_of(transaction.database(), entry.sequence));
}

void Outbox::refuse(Transaction& transaction, const Entry& entry, int status,
                    const std::string& reason, Timestamp now) {
  take_back(transaction, entry, status, reason, now);
  Statement& free = transaction.database().cached("UPDATE hf_outbox SET app_key=NULL WHERE id=?1");
  free.bind(1, std::string_view(entry.id)).run();
}

void Outbox::discard(Transaction& transaction, const Entry& entry, Timestamp now) {
  take_back(transaction, entry, entry.last_status, entry.last_error, now);
}

void Outbox::take_back(Transaction& transaction, const Entry& entry, int status,
                       const std::string& reason, Timestamp now) {
  Database& database = transaction.database();
  const auto dependants = dependants_of(database, entry.sequence);
  const auto effects = overlay_.effects(database, entry.sequence);
  const auto past = deletions_past(database, entry.sequence);
  const auto orphans = orphans_of(transaction, overlay_, entry);
  overlay_.drop(transaction, entry.sequence);
  end(transaction, entry, State::kDiscarded, status, reason, now);
  for (const std::int64_t orphan : orphans) {
    reject(transaction, entry_at(database, orphan), kFailedDependency,
           "HF424: the write " + entry.id + " that would have made its row was discarded", now);
  }
  refuse_reaching(*this, transaction, entry, reaching_again(database, overlay_, effects, past),
                  now);
  review(transaction, overlay_, dependants);
}

void Outbox::wait(Transaction& transaction, const Entry& entry, int attempts, const Wait& wait) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='waiting', next_attempt_at=?2, last_status=?3, last_error=?4,"
      " lost_answer=max(lost_answer, ?5), attempts=?6 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, micros(wait.until)).bind(3, std::int64_t{wait.status});
  update.bind(4, std::string_view(wait.reason)).bind(5, std::int64_t{wait.lost_answer});
  update.bind(6, std::int64_t{attempts}).run();
}

void Outbox::give_back(Transaction& transaction, const Entry& entry) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL, attempts=max(attempts-1, 0)"
      " WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
}

void Outbox::stall(Transaction& transaction, const Entry& entry) {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET state='stalled' WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
  free_refused(transaction, entry.sequence);
}

void Outbox::park(Transaction& transaction, const Entry& entry, State state, int status,
                  const std::string& reason) {
  set_state(transaction, entry.sequence, state, status, reason);
  if (state == State::kConflict) free_refused(transaction, entry.sequence);
}

void Outbox::doubt(Transaction& transaction, const Entry& entry, const Doubt& doubt) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='uncertain', last_status=?2, last_error=?3, lost_answer=1,"
      " next_attempt_at=?4 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::int64_t{doubt.status});
  update.bind(3, std::string_view(doubt.reason));
  if (doubt.look_at) {
    update.bind(4, micros(*doubt.look_at)).run();
  } else {
    update.bind(4, cache::Null{}).run();
    free_refused(transaction, entry.sequence);
  }
}

bool Outbox::retry(Transaction& transaction, const Entry& entry) {
  // Before its time is over nobody can have looked: what was sent may still be committed.
  if (entry.state == State::kUncertain && entry.next_attempt_at) return true;
  if (let_go(transaction, entry)) return true;
  if (is_damaged(entry)) return false;
  if (is_end(entry.state) && names_given_up_id(transaction.database(), entry.sequence)) {
    return false;
  }
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL, ended_at=NULL,"
      // Who has looked and sends it again knows that it did not arrive.
      " lost_answer=CASE WHEN state='uncertain' THEN 0 ELSE lost_answer END WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
  if (is_end(entry.state)) {
    overlay_.reactivate(transaction, entry.sequence);
    review(transaction, overlay_, dependants_of(transaction.database(), entry.sequence));
  }
  release(transaction, State::kBlocked);
  return true;
}

void Outbox::release(Transaction& transaction, State state) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL WHERE " HF_UNFINISHED
      " AND state=?1");
  update.bind(1, std::string_view(name_of(state))).run();
}

void Outbox::release_unreached(Transaction& transaction) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL"
      " WHERE " HF_APART " AND state='waiting' AND last_status=0");
  update.run();
}

void Outbox::hold(Transaction& transaction, const Entry& entry, const std::string& reason) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='held', last_error=?2, attempts=max(attempts-1, 0)"
      " WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(reason)).run();
  free_refused(transaction, entry.sequence);
}

void Outbox::free_refused(Transaction& transaction, std::int64_t sequence) const {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET state='queued' WHERE " HF_APART
                                    " AND state='blocked' AND last_status>=400 AND sequence>?1");
  update.bind(1, sequence).run();
}

bool Outbox::let_go(Transaction& transaction, const Entry& entry) const {
  if (entry.state != State::kHeld || !entry.last_error.starts_with(kClaimsChanged)) return false;
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', released=1 WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
  return true;
}

std::int64_t Outbox::held_for_claims(Database& database) const {
  Statement& count = database.cached("SELECT count(*) FROM hf_outbox WHERE " HF_APART
                                     " AND state='held' AND substr(last_error, 1, ?2)=?1");
  const std::string_view prefix(kClaimsChanged);
  count.bind(1, prefix).bind(2, static_cast<std::int64_t>(prefix.size())).step();
  const std::int64_t held = count.integer(0);
  count.reset();
  return held;
}

void Outbox::release_held(Transaction& transaction, Held which) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL WHERE sequence IN ("
      "SELECT sequence FROM hf_outbox WHERE " HF_APART " AND state='held' AND NOT " HF_PARKED
      " ORDER BY attempts, sequence LIMIT ?1)");
  update.bind(1, std::int64_t{which == Held::kAll ? -1 : 1}).run();
}

void Outbox::hold_all(Transaction& transaction, const std::string& reason) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='held', last_error=?1 WHERE " HF_UNFINISHED
      " AND state IN ('queued', 'waiting', 'blocked')");
  update.bind(1, std::string_view(reason)).run();
}

void Outbox::recover(Transaction& transaction, Timestamp look_at) {
  Database& database = transaction.database();
  // What has no key of ours is looked for once it cannot be committed any more; an insert with a
  // key of its own meets itself.
  Statement& keyless = database.cached(
      "UPDATE hf_outbox SET state='uncertain', lost_answer=1, next_attempt_at=?1 "
      "WHERE " HF_APART
      " AND state='sending' AND keyed=0"
      " AND (noted_key IS NOT NULL OR operation IN ('update', 'delete', 'upsert'))");
  keyless.bind(1, micros(look_at)).run();
  Statement& update = database.cached(
      "UPDATE hf_outbox SET state='queued', lost_answer=1 WHERE " HF_APART " AND state='sending'");
  update.run();
}

void Outbox::note_key(Transaction& transaction, const Entry& entry,
                      const std::string& largest) const {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET noted_key=?2 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(largest)).run();
}

void Outbox::set_state(Transaction& transaction, std::int64_t sequence, State state, int status,
                       const std::string& reason) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state=?2, last_status=?3, last_error=?4 WHERE sequence=?1");
  update.bind(1, sequence).bind(2, std::string_view(name_of(state)));
  update.bind(3, std::int64_t{status}).bind(4, std::string_view(reason)).run();
}

void Outbox::end(Transaction& transaction, const Entry& entry, State state, int status,
                 const std::string& reason, Timestamp now) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state=?2, last_status=?3, last_error=?4, ended_at=?5,"
      " next_attempt_at=NULL WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(name_of(state)));
  update.bind(3, std::int64_t{status}).bind(4, std::string_view(reason));
  update.bind(5, micros(now)).run();
  if (state != State::kDead) {
    Statement& forget = transaction.database().cached("DELETE FROM hf_references WHERE entry=?1");
    forget.bind(1, entry.sequence).run();
  }
  // Who may have waited for this entry is looked at again, and blocked again if somebody else
  // stands there. Nobody waits for a later one.
  Statement& free = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL WHERE " HF_APART
      " AND state='blocked' AND sequence>?1");
  free.bind(1, entry.sequence).run();
  if (!makes_rows(entry)) return;
  // But for a row that was refused, and is made again.
  Statement& made = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL WHERE " HF_APART
      " AND state='blocked' AND sequence<?1 AND EXISTS(SELECT 1 FROM hf_effects e"
      " JOIN hf_references r ON r.relation=e.relation AND r.key=e.key"
      " WHERE e.entry=?1 AND r.entry=hf_outbox.sequence)");
  made.bind(1, entry.sequence).run();
}

}  // namespace holdfast::queue
