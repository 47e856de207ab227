#include "cache/replica/update_cascade.h"

#include "cache/replica/constraints.h"
#include "cache/replica/key.h"

namespace holdfast::cache {

bool follows(ReferentialAction action) {
  return action == ReferentialAction::kCascade || action == ReferentialAction::kSetNull ||
         action == ReferentialAction::kSetDefault;
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

void unset_columns(const Computation& computation, const Table& table,
                   const std::vector<std::size_t>& columns, ReferentialAction action, Row& row,
                   Changes& changes) {
  for (const std::size_t index : columns) {
    row[index] = Null{};
    if (action != ReferentialAction::kSetDefault) continue;
    auto computed = compute_default(table.columns[index], computation.context.defaults);
    if (computed) {
      row[index] = std::move(computed->value);
    } else {
      changes.doubt = "rows of " + table.name + " are set to a default";
    }
  }
}

void follow_update(const Computation& computation, const Table& table, const Row& before,
                   const Row& after, Changes& changes) {
  for (const IncomingKey& incoming : incoming_keys(computation.catalog, table)) {
    const Table& child = *incoming.table;
    const RowStore& rows = computation.overlay.rows(child);
    if (!follows(incoming.key->on_update) || !child.primary_key ||
        !rows.exists(computation.database)) {
      continue;
    }
    std::vector<Value> old_values;
    bool changed = false;
    for (const std::size_t index : incoming.referenced) {
      old_values.push_back(before[index]);
      changed = changed || before[index] != after[index];
    }
    if (!changed) continue;
    const auto& columns = incoming.key->columns;
    for (const Row& child_before : rows.list_by(computation.database, columns, old_values)) {
      Row child_after = child_before;
      if (incoming.key->on_update == ReferentialAction::kCascade) {
        for (std::size_t i = 0; i < columns.size(); ++i) {
          child_after[columns[i]] = after[incoming.referenced[i]];
        }
      } else {
        unset_columns(computation, child, columns, incoming.key->on_update, child_after, changes);
      }
      append_change(child, child_before, child_after, columns, changes.effects);
      follow_update(computation, child, child_before, child_after, changes);
    }
  }
}

}  // namespace holdfast::cache
