#include "queue/outbox.h"
#include "queue/outbox_sql.h"

// What the outbox holds: single entries, how many in which state, what may be sent when.
namespace holdfast::queue {
namespace {

using cache::Statement;

// Of a statement that gives one row of one column.
std::int64_t number_of(Statement& statement) {
  statement.step();
  const std::int64_t number = statement.integer(0);
  statement.reset();
  return number;
}

bool is_true(Statement& statement) { return number_of(statement) != 0; }

}  // namespace

std::optional<Timestamp> Outbox::next_due(Database& database, Due due) const {
  Statement& statement = database.cached(
      due == Due::kQueuedToo
          ? "SELECT min(CASE WHEN state='queued' THEN 0 ELSE next_attempt_at END) FROM hf_outbox"
            " WHERE " HF_UNFINISHED " AND state IN ('queued', 'waiting', 'stalled', 'uncertain')"
          : "SELECT min(next_attempt_at) FROM hf_outbox"
            " WHERE " HF_APART " AND state IN ('waiting', 'stalled', 'uncertain')");
  statement.step();
  std::optional<Timestamp> next;
  if (!statement.is_null(0)) next = timestamp(statement.integer(0));
  statement.reset();
  return next;
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

bool Outbox::touches(Database& database, const std::string& relation, std::int64_t before) const {
  Statement& statement = database.cached(
      "SELECT EXISTS(SELECT 1 FROM hf_effects WHERE active=1 AND relation=?1 AND entry<?2)");
  return is_true(statement.bind(1, std::string_view(relation)).bind(2, before));
}

bool Outbox::any_in(Database& database, State state) const {
  Statement& statement = database.cached(
      "SELECT EXISTS(SELECT 1 FROM hf_outbox WHERE " HF_UNFINISHED " AND state=?1)");
  return is_true(statement.bind(1, std::string_view(name_of(state))));
}

bool Outbox::lacks_token(Database& database) const {
  return is_true(database.cached("SELECT EXISTS(SELECT 1 FROM hf_outbox WHERE " HF_APART
                                 " AND state='held' AND NOT " HF_PARKED ")"));
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
  Statement& statement = database.cached(
      "SELECT 1 FROM hf_outbox WHERE idempotency_key=?1 AND idempotency_key<>'hf1:' || id"
      " UNION ALL SELECT 1 FROM hf_outbox WHERE id=substr(?1, 5) AND idempotency_key=?1");
  statement.bind(1, std::string_view(idempotency_key));
  const bool known = statement.step();
  statement.reset();
  return known;
}

std::optional<Outbox::KeptAnswer> Outbox::answer_for(Database& database,
                                                     const std::string& app_key) {
  Statement& statement = database.cached("SELECT id, answer FROM hf_outbox WHERE app_key=?1");
  statement.bind(1, std::string_view(app_key));
  if (!statement.step()) return std::nullopt;
  KeptAnswer kept{std::string(statement.text(0)), std::string(statement.text(1))};
  statement.reset();
  return kept;
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

std::vector<Entry> Outbox::list(Database& database, std::optional<State> state, const Page& page) {
  // Of each index only the numbers are read until the page is known. An id that is not known here
  // stands where it would, as ids are made in order of time.
#define HF_PAGE                                                                                  \
  " AND sequence>ifnull((SELECT sequence FROM hf_outbox WHERE id<=?2 ORDER BY id DESC LIMIT 1)," \
  " 0) ORDER BY sequence LIMIT ?3"
  constexpr const char* kInState =
      "SELECT " HF_ENTRY_COLUMNS
      " FROM hf_outbox WHERE sequence IN (SELECT sequence FROM hf_outbox WHERE " HF_UNFINISHED
      " AND state=?1" HF_PAGE ") ORDER BY sequence";
  constexpr const char* kEnded =
      "SELECT " HF_ENTRY_COLUMNS
      " FROM hf_outbox WHERE sequence IN (SELECT sequence FROM hf_outbox"
      " WHERE ended_at IS NOT NULL AND state=?1" HF_PAGE ") ORDER BY sequence";
  constexpr const char* kOpen =
      "SELECT " HF_ENTRY_COLUMNS
      " FROM hf_outbox WHERE sequence IN (SELECT sequence FROM hf_outbox WHERE " HF_UNFINISHED
          HF_PAGE ") ORDER BY sequence";
  constexpr const char* kOpenOrDead = "SELECT " HF_ENTRY_COLUMNS
                                      " FROM hf_outbox WHERE sequence IN (SELECT sequence FROM"
                                      " (SELECT sequence FROM hf_outbox WHERE " HF_UNFINISHED
                                      " UNION ALL SELECT sequence FROM hf_outbox WHERE " HF_DEAD
                                      ") WHERE true" HF_PAGE ") ORDER BY sequence";
#undef HF_PAGE
  const char* without_state = page.dead_letters ? kOpenOrDead : kOpen;
  Statement& statement = database.cached(!state           ? without_state
                                         : is_end(*state) ? kEnded
                                                          : kInState);
  if (state) statement.bind(1, std::string_view(name_of(*state)));
  statement.bind(2, std::string_view(page.after)).bind(3, page.limit);
  std::vector<Entry> entries;
  while (statement.step()) entries.push_back(read_entry(statement));
  return entries;
}

std::map<State, std::int64_t> Outbox::counts(Database& database) const {
  std::map<State, std::int64_t> counts;
  // By indexes alone: a long queue is counted at each look at it.
  Statement& unfinished =
      database.cached("SELECT state, count(*) FROM hf_outbox WHERE " HF_APART
                      " GROUP BY state UNION ALL SELECT 'queued', n FROM (SELECT"
                      " (SELECT count(*) FROM hf_outbox WHERE " HF_UNFINISHED
                      ") - (SELECT count(*) FROM hf_outbox WHERE " HF_APART ") AS n) WHERE n>0");
  while (unfinished.step()) {
    counts[state_named(unfinished.text(0)).value_or(State::kQueued)] = unfinished.integer(1);
  }
  counts[State::kDead] =
      number_of(database.cached("SELECT count(*) FROM hf_outbox WHERE " HF_DEAD));
  if (counts.contains(State::kUncertain)) {
    // What is looked for by itself waits as others do; without a time it is for a person.
    const std::int64_t looked_for =
        number_of(database.cached("SELECT count(*) FROM hf_outbox WHERE " HF_APART
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

}  // namespace holdfast::queue
