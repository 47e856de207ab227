#include "queue/real_ids.h"

#include "cache/replica/key.h"
#include "cache/replica/temporary_ids.h"

namespace holdfast::queue {
namespace {

using cache::Effect;
using cache::EffectKind;
using cache::TemporaryIds;

// The parameters by which an update's or deletion's request names its rows; empty for inserts.
std::string filter_of(const cache::Table& table, const std::string& operation,
                      const std::vector<Effect>& effects) {
  std::vector<std::string> keys;
  for (const Effect& effect : effects) {
    if (effect.consequence || effect.relation != cache::relation_of(table)) continue;
    const bool named = operation == "delete" ? effect.kind == EffectKind::kDelete
                                             : effect.kind != EffectKind::kInsert;
    if (named) keys.push_back(effect.key);
  }
  return keys.empty() ? "" : cache::key_filter(table, keys);
}

void rewrite_request(cache::Database& database, cache::Overlay& overlay,
                     const TemporaryIds::Renamed& renamed, const TemporaryIds::Adoption& adoption) {
  cache::Statement& load =
      database.cached("SELECT relation, operation, target, body FROM hf_outbox WHERE sequence=?1");
  load.bind(1, renamed.entry);
  if (!load.step()) return;
  const std::string relation(load.text(0));
  const std::string operation(load.text(1));
  std::string target(load.text(2));
  std::string body(load.text(3));
  load.reset();
  const cache::Table* table = overlay.find_table(relation);
  const std::string before = table ? filter_of(*table, operation, renamed.before) : "";
  const auto place = before.empty() ? std::string::npos : target.find(before);
  if (place != std::string::npos) {
    target.replace(place, before.size(),
                   filter_of(*table, operation, overlay.effects(database, renamed.entry)));
  }
  body = cache::replace_ids(adoption.real, body);
  cache::Statement& update =
      database.cached("UPDATE hf_outbox SET target=?2, body=?3 WHERE sequence=?1");
  update.bind(1, renamed.entry).bind(2, std::string_view(target));
  update.bind(3, std::string_view(body)).run();
}

}  // namespace

void put_real_ids(cache::Transaction& transaction, cache::Overlay& overlay, const Entry& entry,
                  std::vector<cache::UpstreamImage>& images) {
  cache::Database& database = transaction.database();
  if (TemporaryIds::unresolved(database, entry.sequence) == 0) return;
  const auto adoption = TemporaryIds(overlay).adopt(transaction, entry.sequence, images);
  for (const auto& renamed : adoption.renamed) {
    if (renamed.entry != entry.sequence) rewrite_request(database, overlay, renamed, adoption);
  }
}

}  // namespace holdfast::queue
