#include "queue/row_state.h"

#include "cache/replica/overlay.h"
#include "queue/entry.h"

namespace holdfast::queue {

std::string row_state(cache::Database& database, const std::string& relation,
                      const std::string& key) {
  cache::Statement& statement = database.cached(
      "SELECT e.kind, e.active, o.state FROM (SELECT * FROM hf_effects WHERE relation=?1 AND"
      " key=?2 AND active=1 UNION ALL SELECT * FROM hf_effects WHERE relation=?1 AND key=?2 AND"
      " active=2) e JOIN hf_outbox o ON o.sequence=e.entry ORDER BY e.entry, e.ordinal");
  statement.bind(1, std::string_view(relation)).bind(2, std::string_view(key));
  bool created = false;
  bool failed = false;
  std::string pending;
  std::string contested;
  while (statement.step()) {
    const auto state = state_named(statement.text(2));
    if (state == State::kConflict || state == State::kUncertain) contested = "conflict";
    if (statement.integer(1) != 1) {
      failed = true;  // a dead letter, or what depends on one
      continue;
    }
    const auto kind = static_cast<cache::EffectKind>(statement.integer(0));
    created =
        created || kind == cache::EffectKind::kInsert || kind == cache::EffectKind::kInsertIgnore;
    pending = kind == cache::EffectKind::kDelete ? "pending_delete"
              : created                          ? "pending_create"
                                                 : "pending_update";
  }
  if (!contested.empty()) return contested;
  if (!pending.empty()) return pending;
  return failed ? "failed" : "synced";
}

}  // namespace holdfast::queue
