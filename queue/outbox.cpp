#include "queue/outbox.h"

#include "cache/pull/images.h"
#include "queue/outbox_sql.h"
#include "queue/real_ids.h"
#include "queue/write_claims.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;
using cache::Transaction;

// Of a statement that gives one row of one column.
std::int64_t number_of(Statement& statement) {
  statement.step();
  const std::int64_t number = statement.integer(0);
  statement.reset();
  return number;
}

bool is_true(Statement& statement) { return number_of(statement) != 0; }

constexpr const char* kInsert =
    "INSERT INTO hf_outbox(id, relation, operation, method, target, headers, body, role, claims,"
    " idempotency_key, app_key, created_at, state, minted_key, parent, sequence, lost_answer,"
    " write_claims)"
    " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 'queued', ?13, ?14, ?15, ?16, ?17)";

}  // namespace

void Outbox::insert(Transaction& transaction, Entry& entry) const {
  Database& database = transaction.database();
  Statement& insert = database.cached(kInsert);
  insert.bind(1, std::string_view(entry.id)).bind(2, std::string_view(entry.relation));
  insert.bind(3, std::string_view(entry.operation)).bind(4, std::string_view(entry.method));
  insert.bind(5, std::string_view(entry.target)).bind(6, std::string_view(entry.headers));
  insert.bind(7, std::string_view(entry.body)).bind(8, std::string_view(entry.role));
  insert.bind(9, std::string_view(entry.claims));
  insert.bind(10, std::string_view(entry.idempotency_key));
  if (entry.app_key) insert.bind(11, std::string_view(*entry.app_key));
  insert.bind(12, micros(entry.created_at)).bind(13, std::int64_t{entry.minted_key});
  if (entry.parent) insert.bind(14, std::string_view(*entry.parent));
  if (entry.sequence != 0) insert.bind(15, entry.sequence);
  insert.bind(16, std::int64_t{entry.lost_answer});
  insert.bind(17, std::string_view(entry.write_claims)).run();
  entry.sequence = database.last_insert_rowid();
}

void Outbox::append(Transaction& transaction, Entry& entry, std::span<cache::Effect> effects,
                    const References& references) {
  Database& database = transaction.database();
  insert(transaction, entry);
  // So that the entries that it may be split into stand in its place.
  const auto rows = static_cast<std::int64_t>(row_starts(entry, effects).size());
  if (rows > 1) {
    Statement& reserve =
        database.cached("UPDATE sqlite_sequence SET seq=?1 WHERE name='hf_outbox'");
    reserve.bind(1, entry.sequence + rows - 1).run();
  }
  refer(transaction, entry.sequence, references);
  overlay_.apply(transaction, entry.sequence, effects);
}

std::optional<Timestamp> Outbox::next_due(Database& database, Due due) const {
  Statement& statement = database.cached(
      due == Due::kQueuedToo
          ? "SELECT min(CASE WHEN state='queued' THEN 0 ELSE next_attempt_at END) FROM hf_outbox"
            " WHERE " HF_UNFINISHED " AND state IN ('queued', 'waiting', 'stalled', 'uncertain')"
          : "SELECT min(next_attempt_at) FROM hf_outbox"
            " WHERE " HF_UNFINISHED " AND state IN ('waiting', 'stalled', 'uncertain')");
  statement.step();
  std::optional<Timestamp> next;
  if (!statement.is_null(0)) next = timestamp(statement.integer(0));
  statement.reset();
  return next;
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

void Outbox::acknowledge(Transaction& transaction, const Entry& entry,
                         const std::vector<cache::UpstreamImage>& images, Timestamp now) {
  auto known = images;
  put_real_ids(transaction, overlay_, entry, known);
  overlay_.acknowledge(transaction, entry.sequence, known);
  if (entry.lost_answer) {
    // What tells of it now may have been kept since, and be older than what a pull has brought.
    for (const auto& image : known) {
      cache::queue_for_reading(transaction, cache::relation_of(*image.table), image.key);
    }
  }
  end(transaction, entry, State::kAcknowledged, 0, "", now);
}

void Outbox::resolve(Transaction& transaction, const Entry& entry, const std::string& reason,
                     const std::vector<cache::UpstreamImage>& images, Timestamp now) {
  overlay_.supersede(transaction, entry.sequence, images);
  end(transaction, entry, State::kResolved, entry.last_status, reason, now);
}

void Outbox::reject(Transaction& transaction, const Entry& entry, int status,
                    const std::string& reason, Timestamp now) {
  overlay_.drop(transaction, entry.sequence);
  end(transaction, entry, State::kDead, status, reason, now);
}

void Outbox::refuse(Transaction& transaction, const Entry& entry, int status,
                    const std::string& reason, Timestamp now) {
  overlay_.drop(transaction, entry.sequence);
  end(transaction, entry, State::kDiscarded, status, reason, now);
  Statement& free = transaction.database().cached("UPDATE hf_outbox SET app_key=NULL WHERE id=?1");
  free.bind(1, std::string_view(entry.id)).run();
}

void Outbox::discard(Transaction& transaction, const Entry& entry, Timestamp now) {
  overlay_.drop(transaction, entry.sequence);
  end(transaction, entry, State::kDiscarded, entry.last_status, entry.last_error, now);
}

void Outbox::wait(Transaction& transaction, const Entry& entry, int attempts, const Wait& wait) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='waiting', next_attempt_at=?2, last_status=?3, last_error=?4,"
      " lost_answer=max(lost_answer, ?5), attempts=?6 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, micros(wait.until)).bind(3, std::int64_t{wait.status});
  update.bind(4, std::string_view(wait.reason)).bind(5, std::int64_t{wait.lost_answer});
  update.bind(6, std::int64_t{attempts}).run();
}

void Outbox::stall(Transaction& transaction, const Entry& entry) {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET state='stalled' WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
}

void Outbox::park(Transaction& transaction, const Entry& entry, State state, int status,
                  const std::string& reason) {
  set_state(transaction, entry.sequence, state, status, reason);
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
  }
}

void Outbox::retry(Transaction& transaction, const Entry& entry) {
  // Before its time is over nobody can have looked: what was sent may still be committed.
  if (entry.state == State::kUncertain && entry.next_attempt_at) return;
  if (let_go(transaction, entry)) return;
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL, ended_at=NULL,"
      // Who has looked and sends it again knows that it did not arrive.
      " lost_answer=CASE WHEN state='uncertain' THEN 0 ELSE lost_answer END WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
  if (is_end(entry.state)) overlay_.reactivate(transaction, entry.sequence);
  release(transaction, State::kBlocked);
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
      " WHERE " HF_UNFINISHED " AND state='waiting' AND last_status=0");
  update.run();
}

void Outbox::hold(Transaction& transaction, const Entry& entry, const std::string& reason) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='held', last_error=?2, attempts=max(attempts-1, 0)"
      " WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(reason)).run();
}

bool Outbox::let_go(Transaction& transaction, const Entry& entry) const {
  if (entry.state != State::kHeld || !entry.last_error.starts_with(kClaimsChanged)) return false;
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', released=1 WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
  return true;
}

std::int64_t Outbox::held_for_claims(Database& database) const {
  Statement& count = database.cached("SELECT count(*) FROM hf_outbox WHERE " HF_UNFINISHED
                                     " AND state='held' AND substr(last_error, 1, ?2)=?1");
  const std::string_view prefix(kClaimsChanged);
  count.bind(1, prefix).bind(2, static_cast<std::int64_t>(prefix.size())).step();
  const std::int64_t held = count.integer(0);
  count.reset();
  return held;
}

void Outbox::hold_all(Transaction& transaction, const std::string& reason) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='held', last_error=?1 WHERE " HF_UNFINISHED
      " AND state IN ('queued', 'waiting', 'blocked')");
  update.bind(1, std::string_view(reason)).run();
}

void Outbox::recover(Transaction& transaction, Timestamp look_at) {
  Database& database = transaction.database();
  // What has no key of ours is looked for once it cannot be committed any more.
  Statement& keyless = database.cached(
      "UPDATE hf_outbox SET state='uncertain', lost_answer=1, next_attempt_at=?1 "
      "WHERE " HF_UNFINISHED " AND state='sending' AND noted_key IS NOT NULL AND keyed=0");
  keyless.bind(1, micros(look_at)).run();
  Statement& update =
      database.cached("UPDATE hf_outbox SET state='queued', lost_answer=1 WHERE " HF_UNFINISHED
                      " AND state='sending'");
  update.run();
}

void Outbox::note_key(Transaction& transaction, const Entry& entry,
                      const std::string& largest) const {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET noted_key=?2 WHERE sequence=?1");
  update.bind(1, entry.sequence).bind(2, std::string_view(largest)).run();
}

bool Outbox::has_earlier_unfinished(Database& database, const Entry& entry) const {
  Statement& statement = database.cached(
      "SELECT EXISTS(SELECT 1 FROM hf_outbox WHERE " HF_UNFINISHED " AND sequence<?1)");
  return is_true(statement.bind(1, entry.sequence));
}

bool Outbox::empty(Database& database) const {
  Statement& statement =
      database.cached("SELECT EXISTS(SELECT 1 FROM hf_outbox WHERE " HF_UNFINISHED ")");
  return !is_true(statement);
}

bool Outbox::any_on_its_way(Database& database) const {
  Statement& statement =
      database.cached("SELECT EXISTS(SELECT 1 FROM hf_outbox WHERE " HF_UNFINISHED
                      " AND (state IN ('queued', 'sending', 'waiting')"
                      " OR (state='uncertain' AND next_attempt_at IS NOT NULL)))");
  return is_true(statement);
}

bool Outbox::touches(Database& database, const std::string& relation) const {
  Statement& statement =
      database.cached("SELECT EXISTS(SELECT 1 FROM hf_effects WHERE active=1 AND relation=?1)");
  return is_true(statement.bind(1, std::string_view(relation)));
}

bool Outbox::any_in(Database& database, State state) const {
  Statement& statement = database.cached(
      "SELECT EXISTS(SELECT 1 FROM hf_outbox WHERE " HF_UNFINISHED " AND state=?1)");
  return is_true(statement.bind(1, std::string_view(name_of(state))));
}

bool Outbox::flows(Database& database) const {
  // A hundred: one batch.
  Statement& statement = database.cached(
      "SELECT count(*)<100 AND total(attempts>1 OR state NOT IN ('queued', 'sending'))=0"
      " FROM (SELECT state, attempts FROM hf_outbox WHERE " HF_UNFINISHED
      " ORDER BY sequence LIMIT 100)");
  return is_true(statement);
}

std::optional<Entry> Outbox::find(Database& database, const std::string& id) const {
  Statement& statement = database.cached("SELECT " HF_ENTRY_COLUMNS " FROM hf_outbox WHERE id=?1");
  statement.bind(1, std::string_view(id));
  if (!statement.step()) return std::nullopt;
  Entry entry = read_entry(statement);
  statement.reset();
  return entry;
}

bool Outbox::knows_key(Database& database, const std::string& idempotency_key) const {
  Statement& statement = database.cached("SELECT 1 FROM hf_outbox WHERE idempotency_key=?1");
  statement.bind(1, std::string_view(idempotency_key));
  const bool known = statement.step();
  statement.reset();
  return known;
}

std::optional<std::string> Outbox::answer_for(Database& database,
                                              const std::string& app_key) const {
  Statement& statement = database.cached("SELECT answer FROM hf_outbox WHERE app_key=?1");
  statement.bind(1, std::string_view(app_key));
  if (!statement.step()) return std::nullopt;
  std::string answer(statement.text(0));
  statement.reset();
  return answer;
}

void Outbox::keep_answer(Transaction& transaction, std::int64_t sequence,
                         const std::string& answer) {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET answer=?2 WHERE sequence=?1");
  update.bind(1, sequence).bind(2, std::string_view(answer)).run();
}

std::optional<std::string> Outbox::result_of(Database& database, const std::string& id) const {
  Statement& statement = database.cached("SELECT result FROM hf_outbox WHERE id=?1");
  statement.bind(1, std::string_view(id));
  std::optional<std::string> result;
  if (statement.step() && !statement.is_null(0)) result = std::string(statement.text(0));
  statement.reset();
  return result;
}

void Outbox::keep_result(Transaction& transaction, std::int64_t sequence,
                         const std::string& result) {
  Statement& update =
      transaction.database().cached("UPDATE hf_outbox SET result=?2 WHERE sequence=?1");
  update.bind(1, sequence).bind(2, std::string_view(result)).run();
}

std::vector<Entry> Outbox::list(Database& database, std::optional<State> state) const {
  Statement statement(database,
                      state ? "SELECT " HF_ENTRY_COLUMNS
                              " FROM hf_outbox WHERE state=?1 ORDER BY sequence"
                            : "SELECT " HF_ENTRY_COLUMNS
                              " FROM hf_outbox WHERE state NOT IN"
                              " ('acknowledged', 'resolved', 'discarded') ORDER BY sequence");
  if (state) statement.bind(1, std::string_view(name_of(*state)));
  std::vector<Entry> entries;
  while (statement.step()) entries.push_back(read_entry(statement));
  return entries;
}

std::map<State, std::int64_t> Outbox::counts(Database& database) const {
  std::map<State, std::int64_t> counts;
  // By indexes alone: a long queue is counted at each look at it.
  Statement& unfinished = database.cached(
      "SELECT state, count(*) FROM hf_outbox WHERE " HF_UNFINISHED " GROUP BY state");
  while (unfinished.step()) {
    counts[state_named(unfinished.text(0)).value_or(State::kQueued)] = unfinished.integer(1);
  }
  counts[State::kDead] =
      number_of(database.cached("SELECT count(*) FROM hf_outbox WHERE " HF_DEAD));
  if (counts.contains(State::kUncertain)) {
    // What is looked for by itself waits as others do; without a time it is for a person.
    const std::int64_t looked_for =
        number_of(database.cached("SELECT count(*) FROM hf_outbox WHERE " HF_UNFINISHED
                                  " AND state='uncertain' AND next_attempt_at IS NOT NULL"));
    counts[State::kUncertain] -= looked_for;
    counts[State::kWaiting] += looked_for;
  }
  return counts;
}

std::optional<Timestamp> Outbox::oldest(Database& database) const {
  Statement& statement = database.cached("SELECT created_at FROM hf_outbox WHERE " HF_UNFINISHED
                                         " ORDER BY sequence LIMIT 1");
  std::optional<Timestamp> oldest;
  if (statement.step()) oldest = timestamp(statement.integer(0));
  statement.reset();
  return oldest;
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
  // Who waited for this entry is looked at again, and blocked again if somebody else stands there.
  release(transaction, State::kBlocked);
}

}  // namespace holdfast::queue
