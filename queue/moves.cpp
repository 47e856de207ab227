#include "queue/moves.h"

#include <algorithm>
#include <utility>

#include "cache/replica/constraints.h"
#include "cache/replica/key.h"
#include "queue/outbox_sql.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Effect;
using cache::Statement;

// Of effects that show, and of those that are suspended: each has an index of its own.
#define HF_PAST(active)                                                                    \
  "SELECT me.sequence, m.relation, m.key FROM hf_references r"                             \
  " CROSS JOIN hf_outbox o ON o.sequence=r.entry"                                          \
  " CROSS JOIN hf_effects m ON m.relation=r.relation AND m.key=r.key AND m.active=" active \
  " CROSS JOIN hf_outbox me ON me.sequence=m.entry"                                        \
  " WHERE r.entry=?1 AND r.former=1 AND m.kind=4 AND m.entry>?1 AND me." HF_UNFINISHED     \
  " AND me.state IN ('queued', 'waiting', 'stalled', 'held', 'blocked')"                   \
  " AND (o.ended_at IS NULL OR me.created_at<=o.ended_at)"

using References = std::vector<std::pair<std::string, std::string>>;

std::optional<cache::Row> shown_row(Database& database, const cache::Overlay& overlay,
                                    const cache::Table& table, const std::string& key) {
  auto found = overlay.rows(table).find(database, cache::key_values(table, key));
  return found ? std::optional(std::move(found->row)) : std::nullopt;
}

enum class View { kShown, kUpstream };

// What the rows of these effects refer to.
References references_of(Database& database, const cache::Overlay& overlay,
                         std::span<const Effect> effects, View view) {
  References references;
  for (const Effect& effect : effects) {
    const cache::Table* table = overlay.find_table(effect.relation);
    if (table == nullptr || !overlay.rows(*table).exists(database)) continue;
    const auto row = view == View::kShown ? shown_row(database, overlay, *table, effect.key)
                                          : overlay.base_of(database, *table, effect.key);
    if (row) cache::add_references(overlay.catalog(), *table, *row, references);
  }
  return references;
}

}  // namespace

std::vector<SparedBy> deletions_past(Database& database, std::int64_t sequence) {
  std::vector<SparedBy> deletions;
  Statement& statement = database.cached(HF_PAST("1") " UNION " HF_PAST("2"));
  statement.bind(1, sequence);
  while (statement.step()) {
    deletions.push_back(
        {statement.integer(0), std::string(statement.text(1)), std::string(statement.text(2))});
  }
  return deletions;
}

std::vector<std::int64_t> reaching_again(Database& database, const cache::Overlay& overlay,
                                         std::span<const Effect> effects,
                                         std::span<const SparedBy> deletions) {
  std::vector<std::int64_t> reaching;
  if (deletions.empty()) return reaching;
  const References references = references_of(database, overlay, effects, View::kShown);
  for (const SparedBy& one : deletions) {
    if (std::ranges::count(references, std::pair(one.relation, one.key)) == 0) continue;
    if (std::ranges::count(reaching, one.deletion) == 0) reaching.push_back(one.deletion);
  }
  return reaching;
}

bool reaches_upstream(Database& database, const cache::Overlay& overlay,
                      std::span<const Effect> effects, const SparedBy& deletion) {
  const References references = references_of(database, overlay, effects, View::kUpstream);
  return std::ranges::count(references, std::pair(deletion.relation, deletion.key)) > 0;
}

}  // namespace holdfast::queue
