#include "cache/replica/update_cascade.h"

#include "cache/replica/constraints.h"
#include "cache/replica/key.h"

namespace holdfast::cache {
namespace {

bool follows(ReferentialAction action) {
  return action == ReferentialAction::kCascade || action == ReferentialAction::kSetNull;
}

void append_change(const Table& table, const Row& before, const Row& after,
                   const std::vector<std::size_t>& columns, std::vector<Effect>& effects) {
  const std::string relation = relation_of(table);
  const std::string old_key = key_of(table, before);
  const std::string new_key = key_of(table, after);
  const std::string changes = print_columns(table, after, columns);
  const auto append = [&](Effect effect) {
    effect.consequence = true;
    effects.push_back(std::move(effect));
  };
  if (old_key == new_key) {
    append({relation, old_key, EffectKind::kUpdate, changes});
    return;
  }
  append({relation, old_key, EffectKind::kDelete});
  append({relation, new_key, EffectKind::kInsert, changes, print_row(table, after)});
}

}  // namespace

void follow_update(Database& database, const Catalog& catalog, const Overlay& overlay,
                   const Table& table, const Row& before, const Row& after,
                   std::vector<Effect>& effects) {
  for (const IncomingKey& incoming : incoming_keys(catalog, table)) {
    const Table& child = *incoming.table;
    if (!follows(incoming.key->on_update) || !child.primary_key ||
        !overlay.rows(child).exists(database)) {
      continue;
    }
    std::vector<Value> old_values;
    bool changed = false;
    for (const std::size_t index : incoming.referenced) {
      old_values.push_back(before[index]);
      changed = changed || before[index] != after[index];
    }
    if (!changed) continue;
    const bool cascade = incoming.key->on_update == ReferentialAction::kCascade;
    for (const Row& child_before :
         overlay.rows(child).list_by(database, incoming.key->columns, old_values)) {
      Row child_after = child_before;
      for (std::size_t i = 0; i < incoming.referenced.size(); ++i) {
        child_after[incoming.key->columns[i]] =
            cascade ? after[incoming.referenced[i]] : Value(Null{});
      }
      append_change(child, child_before, child_after, incoming.key->columns, effects);
      follow_update(database, catalog, overlay, child, child_before, child_after, effects);
    }
  }
}

}  // namespace holdfast::cache
