#include <algorithm>

#include "queue/dependants.h"
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

// What shares a row with ?1. A suspended entry counts where it changes a row that is there, which
// it does once its parent is.
#define HF_BEFORE_ON_ROWS                                                                        \
  "SELECT e.entry FROM hf_effects mine CROSS JOIN hf_effects e"                                  \
  " ON e.relation=mine.relation AND e.key=mine.key"                                              \
  " WHERE mine.entry=?1 AND e.active=1 AND e.entry<?1"                                           \
  " UNION SELECT e.entry FROM hf_effects mine CROSS JOIN hf_effects e"                           \
  " ON e.relation=mine.relation AND e.key=mine.key"                                              \
  " WHERE mine.entry=?1 AND e.active=2 AND e.entry<?1 AND NOT EXISTS(SELECT 1 FROM hf_effects d" \
  " WHERE d.relation=e.relation AND d.key=e.key AND d.active=2 AND d.entry<=e.entry "            \
  "AND " HF_MAKES_ROW ")"

// What ?1 has a foreign key's edge with, in either direction; what refers to a row that ?1 makes
// loses nothing by it.
#define HF_BEFORE_BY_EDGE                                                                 \
  "SELECT e.entry FROM hf_references refs CROSS JOIN hf_effects e"                        \
  " ON e.relation=refs.relation AND e.key=refs.key"                                       \
  " WHERE refs.entry=?1 AND refs.former=0 AND e.active=1 AND e.entry<?1"                  \
  " UNION SELECT e.entry FROM hf_references refs CROSS JOIN hf_effects e"                 \
  " ON e.relation=refs.relation"                                                          \
  " WHERE refs.entry=?1 AND refs.key='*' AND refs.former=0 AND e.active=1 AND e.entry<?1" \
  " UNION SELECT r.entry FROM hf_effects changed CROSS JOIN hf_references r"              \
  " ON r.relation=changed.relation AND r.key IN (changed.key, '*')"                       \
  " WHERE changed.entry=?1 AND NOT (changed.kind IN (1, 2) AND changed.base IS NULL)"     \
  " AND r.entry<?1"

constexpr const char* kReady = "SELECT sequence FROM hf_outbox WHERE " HF_UNFINISHED
                               " AND " HF_READY " ORDER BY sequence LIMIT 64";

// The earliest unfinished entry before ?1 that shares a row with it, or that it goes after.
constexpr const char* kBlocker =
    "WITH candidates AS (" HF_BEFORE_ON_ROWS " UNION " HF_BEFORE_BY_EDGE " UNION " HF_BEFORE_OPAQUE
    ") SELECT o.id FROM candidates c JOIN hf_outbox o ON o.sequence=c.entry"
    " WHERE o." HF_UNFINISHED " ORDER BY o.sequence LIMIT 1";

constexpr const char* kReadyAfter =
    "SELECT " HF_ENTRY_COLUMNS " FROM hf_outbox WHERE " HF_UNFINISHED " AND " HF_READY
    " AND sequence>?2 ORDER BY sequence LIMIT ?3";

constexpr const char* kSharesRow =
    "SELECT 1 FROM (" HF_BEFORE_ON_ROWS
    ") b JOIN hf_outbox o ON o.sequence=b.entry WHERE o." HF_UNFINISHED " LIMIT 1";

// All unfinished entries before ?1 that it goes after.
constexpr const char* kReferences =
    "WITH candidates AS (" HF_BEFORE_BY_EDGE " UNION " HF_BEFORE_OPAQUE
    ") SELECT o.sequence FROM candidates c JOIN hf_outbox o ON o.sequence=c.entry"
    " WHERE o." HF_UNFINISHED;

// What has taken rows out of the reach of what ?1 deletes: whether that had its effect is to be
// known first.
constexpr const char* kMovesBefore =
    "SELECT r.entry FROM hf_effects m CROSS JOIN hf_references r"
    " ON r.relation=m.relation AND r.key=m.key"
    " WHERE m.entry=?1 AND m.kind=4 AND r.former=1 AND r.entry<?1";

// Which earlier entry the entry waits for, in words; empty: none.
std::string earlier_of(cache::Database& database, std::int64_t sequence) {
  Statement& statement = database.cached(kBlocker);
  std::string reason;
  if (statement.bind(1, sequence).step()) {
    reason = "waits for the earlier entry " + std::string(statement.text(0));
  }
  statement.reset();
  return reason;
}

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
      Entry entry = entry_at(database, sequence);
      if (block(transaction, entry)) continue;
      take(transaction, entry);
      return entry;
    }
  }
}

bool Outbox::block(Transaction& transaction, const Entry& entry) {
  const bool known = is_suspended(transaction.database(), entry.sequence);
  const auto letter = review(transaction, overlay_, entry.sequence);
  const auto reason = letter ? std::string(kDependsOnDead) + *letter
                             : earlier_of(transaction.database(), entry.sequence);
  if (reason.empty()) return false;
  set_state(transaction, entry.sequence, State::kBlocked, entry.last_status, reason);
  // Only a person ends it from now on: no refusal waits for that.
  if (letter && !known) free_refused(transaction, entry.sequence);
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
    if (!earlier_of(database, sequence).empty() || dead_parent(database, overlay_, sequence)) {
      continue;
    }
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
  Statement& moves = database.cached(kMovesBefore);
  moves.bind(1, next.sequence);
  while (moves.step()) {
    if (std::ranges::count(batch, moves.integer(0)) > 0) tie = Tie::kBlocked;
  }
  // A suspended one is to be shown first.
  const bool lacks =
      dead_parent(database, overlay_, next.sequence) || is_suspended(database, next.sequence);
  return lacks ? Tie::kBlocked : tie;
}

}  // namespace holdfast::queue
