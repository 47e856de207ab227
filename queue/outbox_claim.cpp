#include <algorithm>

#include "queue/outbox.h"
#include "queue/outbox_sql.h"

// Which entry may be sent next (hard case 5).
namespace holdfast::queue {
namespace {

using cache::Statement;

// What an opaque entry, which may touch any row, goes after: all before it but those that are
// parked. Others do not wait for it, as nobody knows what it will do.
#define HF_BEFORE_OPAQUE                                                                 \
  "SELECT b.sequence FROM hf_outbox me CROSS JOIN hf_outbox b"                           \
  " WHERE me.sequence=?1 AND me.operation IN ('call', 'request') AND b.sequence<?1 AND " \
  "b." HF_UNFINISHED                                                                     \
  " AND (b.state IN ('queued', 'sending', 'waiting', 'blocked')"                         \
  " OR (b.state='uncertain' AND b.next_attempt_at IS NOT NULL))"

// What ?1 has a foreign key's edge with, in either direction; what refers to a row that ?1 makes
// loses nothing by it.
#define HF_BEFORE_BY_EDGE                                                             \
  "SELECT e.entry FROM hf_references refs CROSS JOIN hf_effects e"                    \
  " ON e.relation=refs.relation AND (e.key=refs.key OR refs.key='*')"                 \
  " WHERE refs.entry=?1 AND e.active=1 AND e.entry<?1"                                \
  " UNION SELECT r.entry FROM hf_effects changed CROSS JOIN hf_references r"          \
  " ON r.relation=changed.relation AND r.key IN (changed.key, '*')"                   \
  " WHERE changed.entry=?1 AND NOT (changed.kind IN (1, 2) AND changed.base IS NULL)" \
  " AND r.entry<?1"

constexpr const char* kReady = "SELECT sequence FROM hf_outbox WHERE " HF_UNFINISHED
                               " AND " HF_READY " ORDER BY sequence LIMIT 64";
constexpr const char* kEntry = "SELECT " HF_ENTRY_COLUMNS " FROM hf_outbox WHERE sequence=?1";

// The earliest unfinished entry before ?1 that shares a row with it, or that it goes after.
constexpr const char* kBlocker =
    "WITH candidates AS (SELECT e.entry FROM hf_effects mine CROSS JOIN hf_effects e"
    " ON e.relation=mine.relation AND e.key=mine.key"
    " WHERE mine.entry=?1 AND e.active=1 AND e.entry<?1"
    " UNION " HF_BEFORE_BY_EDGE " UNION " HF_BEFORE_OPAQUE
    ") SELECT o.sequence, o.id, o.state FROM candidates c JOIN hf_outbox o ON o.sequence=c.entry"
    " WHERE o." HF_UNFINISHED " ORDER BY o.sequence LIMIT 1";

// Dead letters that would have inserted a row that ?1 changes or refers to, and which no other
// pending entry inserts; whether ?1 was made for that row alone: as the upstream had none there, or
// before it was refused as a duplicate of a row that no own later write has made.
constexpr const char* kDeadParents = R"sql(
WITH needed AS (SELECT relation, key FROM hf_effects WHERE entry=?1
                UNION SELECT relation, key FROM hf_references WHERE entry=?1)
SELECT o.sequence, o.id, d.relation, d.key,
    EXISTS(SELECT 1 FROM hf_effects m WHERE m.entry=?1 AND m.relation=d.relation AND m.key=d.key
             AND m.kind IN (3, 4) AND m.base IS NULL)
    OR EXISTS(SELECT 1 FROM hf_outbox me JOIN hf_references r ON r.entry=me.sequence
                WHERE me.sequence=?1 AND o.last_error LIKE '23505%' AND me.created_at<=o.ended_at
                  AND r.relation=d.relation AND r.key=d.key)
       AND NOT EXISTS(SELECT 1 FROM hf_effects i CROSS JOIN hf_outbox io ON io.sequence=i.entry
                        WHERE i.relation=d.relation AND i.key=d.key AND i.kind IN (1, 2)
                          AND i.entry>d.entry AND io.state='acknowledged')
  FROM needed n
  CROSS JOIN hf_effects d ON d.relation=n.relation AND d.key=n.key
  CROSS JOIN hf_outbox o ON o.sequence=d.entry
  WHERE d.active=2 AND d.kind IN (1, 2) AND d.base IS NULL AND d.entry<?1 AND o.state='dead'
    AND NOT EXISTS(SELECT 1 FROM hf_effects i WHERE i.relation=d.relation AND i.key=d.key
                     AND i.active=1 AND i.kind IN (1, 2) AND i.entry<=?1)
  ORDER BY o.sequence)sql";

constexpr const char* kReadyAfter =
    "SELECT " HF_ENTRY_COLUMNS " FROM hf_outbox WHERE " HF_UNFINISHED " AND " HF_READY
    " AND sequence>?2 ORDER BY sequence LIMIT ?3";

constexpr const char* kSharesRow =
    "SELECT 1 FROM hf_effects mine JOIN hf_effects e"
    " ON e.relation=mine.relation AND e.key=mine.key AND e.active=1 AND e.entry<?1"
    " WHERE mine.entry=?1 LIMIT 1";

// All unfinished entries before ?1 that it goes after.
constexpr const char* kReferences =
    "WITH candidates AS (" HF_BEFORE_BY_EDGE " UNION " HF_BEFORE_OPAQUE
    ") SELECT o.sequence FROM candidates c JOIN hf_outbox o ON o.sequence=c.entry"
    " WHERE o." HF_UNFINISHED;

// A dead letter, and the row that it would have inserted.
struct Parent {
  std::string entry;
  std::string relation;
  std::string key;
  bool meant = false;  // this row, and none that somebody else has made at its key
};

}  // namespace

std::optional<Entry> Outbox::claim(Transaction& transaction, Timestamp now) {
  Database& database = transaction.database();
  for (;;) {
    std::vector<std::int64_t> ready;
    Statement& statement = database.cached(kReady);
    statement.bind(1, micros(now));
    while (statement.step()) ready.push_back(statement.integer(0));
    if (ready.empty()) return std::nullopt;
    for (const std::int64_t sequence : ready) {
      Statement& select = database.cached(kEntry);
      select.bind(1, sequence).step();
      Entry entry = read_entry(select);
      select.reset();
      if (block(transaction, entry)) continue;
      take(transaction, entry);
      return entry;
    }
  }
}

bool Outbox::block(Transaction& transaction, const Entry& entry) {
  const auto blocker = find_blocker(transaction.database(), entry.sequence);
  if (!blocker) return false;
  const char* why = blocker->state == State::kDead ? "depends on the dead letter "
                                                   : "waits for the earlier entry ";
  set_state(transaction, entry.sequence, State::kBlocked, entry.last_status, why + blocker->id);
  return true;
}

void Outbox::take(Transaction& transaction, Entry& entry) const {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='sending', attempts=attempts+1, next_attempt_at=NULL"
      " WHERE sequence=?1");
  update.bind(1, entry.sequence).run();
  entry.state = State::kSending;
  ++entry.attempts;
}

void Outbox::release_schema_changed(Transaction& transaction) {
  Statement& update = transaction.database().cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL WHERE " HF_APART
      " AND state='stalled' AND last_status BETWEEN 400 AND 499");
  update.run();
}

std::int64_t Outbox::unstick(Transaction& transaction, Timestamp longest, Timestamp look_at) {
  Database& database = transaction.database();
  Statement& waits = database.cached(
      "UPDATE hf_outbox SET state='queued', next_attempt_at=NULL WHERE " HF_APART
      " AND state IN ('waiting', 'stalled') AND (next_attempt_at>?1 OR next_attempt_at IS NULL)");
  waits.bind(1, micros(longest)).run();
  std::int64_t freed = database.changes();
  Statement& looks = database.cached("UPDATE hf_outbox SET next_attempt_at=?2 WHERE " HF_APART
                                     " AND state='uncertain' AND next_attempt_at>?1");
  looks.bind(1, micros(longest)).bind(2, micros(look_at)).run();
  std::vector<std::int64_t> blocked;
  // A refused one waits for any that is before it, whatever their rows.
  Statement& select = database.cached(
      "SELECT sequence FROM hf_outbox me WHERE " HF_APART
      " AND state='blocked' AND NOT (last_status>=400 AND EXISTS(SELECT 1 FROM hf_outbox b"
      " WHERE b." HF_UNFINISHED " AND b.sequence<me.sequence)) ORDER BY sequence LIMIT 1000");
  while (select.step()) blocked.push_back(select.integer(0));
  Statement& free = database.cached("UPDATE hf_outbox SET state='queued' WHERE sequence=?1");
  for (const std::int64_t sequence : blocked) {
    if (find_blocker(database, sequence)) continue;
    free.bind(1, sequence).run();
    ++freed;
  }
  return freed;
}

std::vector<Entry> Outbox::ready_after(Database& database, std::int64_t sequence, Timestamp now,
                                       int limit) const {
  Statement& statement = database.cached(kReadyAfter);
  statement.bind(1, micros(now)).bind(2, sequence).bind(3, std::int64_t{limit});
  std::vector<Entry> entries;
  while (statement.step()) entries.push_back(read_entry(statement));
  return entries;
}

Outbox::Tie Outbox::tie(Database& database, const Entry& next,
                        std::span<const std::int64_t> batch) const {
  Statement& shares = database.cached(kSharesRow);
  shares.bind(1, next.sequence);
  const bool shared = shares.step();
  shares.reset();
  if (shared) return Tie::kBlocked;
  Tie tie = Tie::kFree;
  Statement& references = database.cached(kReferences);
  references.bind(1, next.sequence);
  while (references.step()) {
    const bool inside = std::find(batch.begin(), batch.end(), references.integer(0)) != batch.end();
    if (tie != Tie::kBlocked) tie = inside ? Tie::kDepends : Tie::kBlocked;
  }
  if (tie == Tie::kBlocked || find_dead_parent(database, next.sequence)) return Tie::kBlocked;
  return tie;
}

std::optional<Outbox::Blocker> Outbox::find_blocker(Database& database,
                                                    std::int64_t sequence) const {
  Statement& statement = database.cached(kBlocker);
  statement.bind(1, sequence);
  if (!statement.step()) return find_dead_parent(database, sequence);
  Blocker blocker{std::string(statement.text(1)),
                  state_named(statement.text(2)).value_or(State::kQueued)};
  statement.reset();
  return blocker;
}

std::optional<Outbox::Blocker> Outbox::find_dead_parent(Database& database,
                                                        std::int64_t sequence) const {
  std::vector<Parent> parents;
  Statement& statement = database.cached(kDeadParents);
  statement.bind(1, sequence);
  while (statement.step()) {
    parents.push_back({std::string(statement.text(1)), std::string(statement.text(2)),
                       std::string(statement.text(3)), statement.integer(4) != 0});
  }
  for (const Parent& parent : parents) {
    // Somebody else, or a later write of one's own, may have made the row all the same.
    const cache::Table* table = overlay_.find_table(parent.relation);
    const bool upstream = table != nullptr && overlay_.rows(*table).exists(database) &&
                          overlay_.base_of(database, *table, parent.key);
    if (!upstream || parent.meant) return Blocker{parent.entry, State::kDead};
  }
  return std::nullopt;
}

}  // namespace holdfast::queue
