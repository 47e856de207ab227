#include "queue/dependants.h"

#include "cache/replica/temporary_ids.h"
#include "queue/entry.h"
#include "queue/moves.h"
#include "queue/outbox_sql.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;

// The write itself names the id t: what it refers to else is what its row refers to already.
#define HF_NAMES_ID \
  "(me.body LIKE '%' || t.temporary || '%' OR me.target LIKE '%' || t.temporary || '%')"

// What would have made a row that ?1 changes or refers to, and which no other pending entry makes:
// dead letters, and suspended entries. Whether ?1 changes that row alone: there was none at the
// upstream, or it was seen as the refused write had made it (?2: as it still does). Whether it
// names it by an id that never was the upstream's. Whether it refers to it from before it was
// refused as a duplicate of a row that no own later write has made: it did not mean that one.
constexpr const char* kDeadParents = R"sql(
WITH needed AS (SELECT relation, key FROM hf_effects WHERE entry=?1
                UNION SELECT relation, key FROM hf_references WHERE entry=?1 AND former=0)
SELECT o.sequence, o.id, o.last_error, d.relation, d.key,
    EXISTS(SELECT 1 FROM hf_effects m JOIN hf_outbox me ON me.sequence=m.entry
             WHERE m.entry=?1 AND m.relation=d.relation AND m.key=d.key AND m.kind IN (3, 4)
               AND (m.base IS NULL OR o.operation='insert'
                                      AND (?2 OR me.created_at<o.ended_at))),
    EXISTS(SELECT 1 FROM hf_references r JOIN hf_temporary_ids t ON t.entry=d.entry
                JOIN hf_outbox me ON me.sequence=r.entry
                WHERE r.entry=?1 AND r.relation=d.relation AND r.key=d.key AND r.former=0
                  AND t.real IS NULL
                  AND )sql" HF_NAMES_ID R"sql(),
    CASE WHEN o.last_error LIKE '23505%' THEN
      EXISTS(SELECT 1 FROM hf_outbox me JOIN hf_references r ON r.entry=me.sequence
               WHERE me.sequence=?1 AND me.created_at<=o.ended_at
                 AND r.relation=d.relation AND r.key=d.key AND r.former=0)
      AND NOT EXISTS(SELECT 1 FROM hf_effects i CROSS JOIN hf_outbox io ON io.sequence=i.entry
                       WHERE i.relation=d.relation AND i.key=d.key AND i.kind IN (1, 2)
                         AND i.entry>d.entry AND io.state='acknowledged')
    ELSE 0 END
  FROM needed n
  CROSS JOIN hf_effects d ON d.relation=n.relation AND d.key=n.key
  CROSS JOIN hf_outbox o ON o.sequence=d.entry
  WHERE d.active=2 AND )sql" HF_MAKES_ROW R"sql( AND d.entry<?1
    AND (NOT EXISTS(SELECT 1 FROM hf_effects i WHERE i.relation=d.relation AND i.key=d.key
                      AND i.active=1 AND i.kind IN (1, 2) AND i.entry<=?1)
         -- Nobody else makes the row that a temporary id stands for.
         OR EXISTS(SELECT 1 FROM hf_temporary_ids t WHERE t.entry=d.entry AND t.real IS NULL
                     AND t.relation=d.relation AND d.key LIKE '%' || t.temporary || '%'))
  ORDER BY o.sequence)sql";

// A refused write that would have taken rows out of the reach of what ?1 deletes, by a cascade say,
// and that still showed when ?1 was made; and of what ?1 deletes the row that they referred to.
constexpr const char* kDeadMoves = R"sql(
SELECT o.id, o.sequence, m.relation, m.key FROM hf_outbox me
  CROSS JOIN hf_effects m ON m.entry=me.sequence AND m.kind=4
  CROSS JOIN hf_references r ON r.relation=m.relation AND r.key=m.key
  CROSS JOIN hf_outbox o ON o.sequence=r.entry
  WHERE me.sequence=?1 AND r.former=1 AND r.entry<?1 AND o.state='dead'
    AND me.created_at<=o.ended_at
  ORDER BY o.sequence)sql";

// What it would have made, or taken out of the reach of a deletion, and what those who need that
// make in turn.
constexpr const char* kDependants = R"sql(
WITH RECURSIVE needs(entry) AS (
  SELECT ?1
  UNION
  SELECT e.entry FROM needs n JOIN hf_effects d ON d.entry=n.entry AND d.kind IN (1, 2)
    JOIN hf_effects e ON e.relation=d.relation AND e.key=d.key AND e.active=1 AND e.entry>n.entry
  UNION
  SELECT e.entry FROM needs n JOIN hf_effects d ON d.entry=n.entry AND d.kind IN (1, 2)
    JOIN hf_effects e ON e.relation=d.relation AND e.key=d.key AND e.active=2 AND e.entry>n.entry
  UNION
  SELECT r.entry FROM needs n JOIN hf_effects d ON d.entry=n.entry AND d.kind IN (1, 2)
    JOIN hf_references r ON r.relation=d.relation AND r.key=d.key AND r.entry>n.entry
      AND r.former=0
  UNION
  SELECT m.entry FROM needs n CROSS JOIN hf_references r ON r.entry=n.entry AND r.former=1
    CROSS JOIN hf_effects m ON m.relation=r.relation AND m.key=r.key AND m.active=1
    CROSS JOIN hf_outbox o ON o.sequence=n.entry CROSS JOIN hf_outbox me ON me.sequence=m.entry
    WHERE m.kind=4 AND m.entry>n.entry AND (o.ended_at IS NULL OR me.created_at<=o.ended_at)
  UNION
  SELECT m.entry FROM needs n CROSS JOIN hf_references r ON r.entry=n.entry AND r.former=1
    CROSS JOIN hf_effects m ON m.relation=r.relation AND m.key=r.key AND m.active=2
    CROSS JOIN hf_outbox o ON o.sequence=n.entry CROSS JOIN hf_outbox me ON me.sequence=m.entry
    WHERE m.kind=4 AND m.entry>n.entry AND (o.ended_at IS NULL OR me.created_at<=o.ended_at)
)
SELECT o.sequence FROM hf_outbox o JOIN needs n ON n.entry=o.sequence
  WHERE o.sequence<>?1 AND o.ended_at IS NULL ORDER BY o.sequence)sql";

// A row that the entry needs, and what would have made it.
struct Need {
  std::int64_t maker;
  std::string letter;  // the id of the dead letter: the maker, or what it is suspended for
  std::string relation;
  std::string key;
  bool changed = false;  // that row, and not somebody else's at its key
  bool named = false;    // by an id that the upstream has not given
  bool meant = false;    // no other row at its key
};

// Whether what makes the row still shows it, while it is looked at.
enum class Maker { kSuspended, kShown };

std::vector<Need> needs_of(Database& database, std::int64_t sequence, Maker makers) {
  std::vector<Need> needs;
  Statement& statement = database.cached(kDeadParents);
  statement.bind(1, sequence).bind(2, std::int64_t{makers == Maker::kShown});
  while (statement.step()) {
    std::string_view letter = statement.text(1);
    const std::string_view reason = statement.text(2);
    // Those are claimed in order, so the maker has its reason before others need it, as a rule.
    if (reason.starts_with(kDependsOnDead)) letter = reason.substr(kDependsOnDead.size());
    Need need{statement.integer(0), std::string(letter), std::string(statement.text(3)),
              std::string(statement.text(4))};
    need.changed = statement.integer(5) != 0;
    need.named = statement.integer(6) != 0;
    need.meant = need.changed || need.named || statement.integer(7) != 0;
    needs.push_back(std::move(need));
  }
  return needs;
}

bool is_upstream(Database& database, const cache::Overlay& overlay, const Need& need) {
  const cache::Table* table = overlay.find_table(need.relation);
  return table != nullptr && overlay.rows(*table).exists(database) &&
         overlay.base_of(database, *table, need.key);
}

// The letter whose rows the deletion would take along now.
std::optional<std::string> dead_move(Database& database, const cache::Overlay& overlay,
                                     std::int64_t sequence) {
  std::optional<std::string> letter;
  Statement& moves = database.cached(kDeadMoves);
  moves.bind(1, sequence);
  while (!letter && moves.step()) {
    const auto effects = overlay.effects(database, moves.integer(1));
    const SparedBy deletion{sequence, std::string(moves.text(2)), std::string(moves.text(3))};
    if (reaches_upstream(database, overlay, effects, deletion)) letter = moves.text(0);
  }
  moves.reset();
  return letter;
}

// Neither being sent nor for a person to decide.
bool is_at_rest(Database& database, std::int64_t sequence) {
  Statement& statement = database.cached(
      "SELECT 1 FROM hf_outbox WHERE sequence=?1"
      " AND state IN ('queued', 'waiting', 'stalled', 'held', 'blocked')");
  const bool rests = statement.bind(1, sequence).step();
  statement.reset();
  return rests;
}

}  // namespace

std::optional<std::string> dead_parent(Database& database, const cache::Overlay& overlay,
                                       std::int64_t sequence) {
  for (Need& need : needs_of(database, sequence, Maker::kSuspended)) {
    // Somebody else, or a later write of one's own, may have made the row all the same.
    if (need.meant || !is_upstream(database, overlay, need)) return std::move(need.letter);
  }
  return dead_move(database, overlay, sequence);
}

std::vector<std::int64_t> dependants_of(Database& database, std::int64_t sequence) {
  std::vector<std::int64_t> dependants;
  Statement& statement = database.cached(kDependants);
  statement.bind(1, sequence);
  while (statement.step()) dependants.push_back(statement.integer(0));
  return dependants;
}

bool is_suspended(Database& database, std::int64_t sequence) {
  Statement& statement =
      database.cached("SELECT 1 FROM hf_effects WHERE entry=?1 AND active=2 LIMIT 1");
  const bool suspended = statement.bind(1, sequence).step();
  statement.reset();
  return suspended;
}

std::optional<std::string> review(cache::Transaction& transaction, cache::Overlay& overlay,
                                  std::int64_t sequence) {
  Database& database = transaction.database();
  auto parent = dead_parent(database, overlay, sequence);
  const bool suspended = is_suspended(database, sequence);
  if (parent && !suspended) overlay.suspend(transaction, sequence);
  if (!parent && suspended) overlay.reactivate(transaction, sequence);
  return parent;
}

void review(cache::Transaction& transaction, cache::Overlay& overlay,
            const std::vector<std::int64_t>& sequences) {
  for (const std::int64_t sequence : sequences) {
    if (is_at_rest(transaction.database(), sequence)) review(transaction, overlay, sequence);
  }
}

std::vector<std::int64_t> orphans_of(cache::Transaction& transaction, cache::Overlay& overlay,
                                     const Entry& entry) {
  Database& database = transaction.database();
  std::vector<std::int64_t> orphans;
  // What may have arrived, or met another row, is there to be changed.
  const bool is_there = entry.lost_answer || entry.state == State::kConflict;
  const Maker maker = is_suspended(database, entry.sequence) ? Maker::kSuspended : Maker::kShown;
  const auto dependants = dependants_of(database, entry.sequence);
  overlay.suspend(transaction, entry.sequence);
  for (const std::int64_t dependant : dependants) {
    if (!is_at_rest(database, dependant)) continue;
    for (const Need& need : needs_of(database, dependant, maker)) {
      if (need.maker != entry.sequence || !(need.named || (need.changed && !is_there))) continue;
      orphans.push_back(dependant);
      break;
    }
  }
  return orphans;
}

std::vector<std::int64_t> naming_unknown_ids(Database& database, std::int64_t sequence) {
  std::vector<std::int64_t> entries;
  if (cache::TemporaryIds::unresolved(database, sequence) == 0) return entries;
  Statement& statement = database.cached(
      "SELECT DISTINCT me.sequence FROM hf_temporary_ids t CROSS JOIN hf_outbox me WHERE t.entry=?1"
      " AND t.real IS NULL AND me.sequence>?1 AND me." HF_UNFINISHED " AND " HF_NAMES_ID
      " ORDER BY 1");
  statement.bind(1, sequence);
  while (statement.step()) entries.push_back(statement.integer(0));
  std::erase_if(entries, [&](std::int64_t entry) { return !is_at_rest(database, entry); });
  return entries;
}

bool names_given_up_id(Database& database, std::int64_t sequence) {
  Statement& statement = database.cached(
      "SELECT 1 FROM hf_references r CROSS JOIN hf_outbox me ON me.sequence=r.entry"
      " CROSS JOIN hf_temporary_ids t ON t.relation=r.relation"
      " LEFT JOIN hf_outbox o ON o.sequence=t.entry WHERE r.entry=?1 AND r.key LIKE '%:-%'"
      " AND t.real IS NULL AND ifnull(o.state, 'discarded') IN ('acknowledged', 'discarded', "
      "'resolved')"
      " AND r.former=0"
      " AND r.key LIKE '%' || t.temporary || '%' AND " HF_NAMES_ID " LIMIT 1");
  const bool names = statement.bind(1, sequence).step();
  statement.reset();
  return names;
}

}  // namespace holdfast::queue
