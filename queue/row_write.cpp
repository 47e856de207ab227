#include "queue/row_write.h"

namespace holdfast::queue {

using cache::Effect;
using cache::EffectKind;

Effect RowWrite::effect(const std::string& relation) const {
  Effect effect;
  effect.relation = relation;
  effect.key = old_key;
  effect.kind = deletion ? EffectKind::kDelete : EffectKind::kUpdate;
  effect.changes = changes;
  effect.base = base;
  return effect;
}

std::vector<std::size_t> row_starts(const Entry& entry, std::span<const Effect> effects) {
  std::vector<std::size_t> starts;
  if (entry.operation != "update" && entry.operation != "delete") return starts;
  for (std::size_t i = 0; i < effects.size(); ++i) {
    const Effect& effect = effects[i];
    if (effect.consequence || effect.relation != entry.relation) continue;
    // An update's insertion is the new place of the row before it.
    if (effect.kind != EffectKind::kInsert) starts.push_back(i);
  }
  return starts;
}

std::optional<RowWrite> single_row(const Entry& entry, std::span<const Effect> effects) {
  const auto starts = row_starts(entry, effects);
  if (starts.size() != 1) return std::nullopt;
  const Effect& first = effects[starts[0]];
  RowWrite write{first.key, first.key, entry.operation == "delete", first.changes, first.base};
  if (write.deletion || first.kind != EffectKind::kDelete) return write;
  for (const Effect& effect : effects.subspan(starts[0] + 1)) {
    if (effect.consequence || effect.kind != EffectKind::kInsert) continue;
    write.new_key = effect.key;
    write.changes = effect.changes;
  }
  return write;
}

}  // namespace holdfast::queue
