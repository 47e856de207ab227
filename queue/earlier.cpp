#include "queue/earlier.h"

#include <algorithm>
#include <set>

#include "cache/replica/row.h"
#include "queue/outbox_sql.h"
#include "queue/three_way.h"

namespace holdfast::queue {
namespace {

using cache::Statement;
// Of hf_outbox o: it depends on a dead letter.
#define HF_SUSPENDED "EXISTS(SELECT 1 FROM hf_effects w WHERE w.entry=o.sequence AND w.active=2)"

using Relations = std::set<std::string, std::less<>>;

Relations relations_of(cache::Database& database, std::int64_t sequence) {
  Relations relations;
  Statement& statement = database.cached(
      "SELECT relation FROM hf_outbox WHERE sequence=?1"
      " UNION SELECT relation FROM hf_effects WHERE entry=?1");
  statement.bind(1, sequence);
  while (statement.step()) relations.emplace(statement.text(0));
  return relations;
}

// Adds those at the other ends of their foreign keys; whether there were any.
bool add_neighbours(const cache::Catalog& catalog, Relations& relations) {
  Relations more;
  for (const cache::Table& table : catalog.tables()) {
    const std::string child = cache::relation_of(table);
    for (const auto& key : table.foreign_keys) {
      const std::string parent = key.ref_schema + "." + key.ref_table;
      if (relations.contains(child)) more.insert(parent);
      if (relations.contains(parent)) more.insert(child);
    }
  }
  const std::size_t before = relations.size();
  relations.merge(more);
  return relations.size() > before;
}

bool has_triggers(const cache::Catalog& catalog, const Relations& relations) {
  return std::any_of(
      catalog.tables().begin(), catalog.tables().end(), [&](const cache::Table& table) {
        return !table.triggers.empty() && relations.contains(cache::relation_of(table));
      });
}

// The tables from whose rows the refusal can come; nullopt: from any.
//
// What policies and triggers look at is not known here. Where it matters it is hardly ever more
// than what foreign keys lead to, over however many tables.
std::optional<Relations> reach_of(const cache::Catalog& catalog, Relations relations, Lack lack) {
  if (catalog.is_partial()) return std::nullopt;
  const bool anything = lack == Lack::kAnything || has_triggers(catalog, relations);
  if (lack == Lack::kFreeValue && !anything) return relations;
  while (add_neighbours(catalog, relations) && anything) continue;
  return relations;
}

struct RowEffect {
  cache::Effect effect;
  std::optional<cache::Row> base;
};

std::vector<RowEffect> effects_on(cache::Database& database, const cache::Overlay& overlay,
                                  std::int64_t sequence, const cache::Table& table) {
  std::vector<RowEffect> effects;
  for (cache::Effect& effect : overlay.effects(database, sequence)) {
    if (effect.relation != cache::relation_of(table)) continue;
    auto base = stored_row(table, effect.base);
    effects.push_back({std::move(effect), std::move(base)});
  }
  return effects;
}

// A value that the upstream says is taken: of which constraint, and by which rows it is wanted.
struct Taken {
  const cache::Table& table;
  const cache::Key& constraint;
  std::vector<cache::Row> wanted;

  bool by(const cache::Row& row) const {
    return std::any_of(wanted.begin(), wanted.end(), [&](const cache::Row& want) {
      return std::all_of(constraint.columns.begin(), constraint.columns.end(),
                         [&](std::size_t column) { return want[column] == row[column]; });
    });
  }
};

const cache::Key* constraint_in(const cache::Table& table, const std::string& reason) {
  const auto is_named = [&](const cache::Key& key) {
    return reason.find('"' + key.name + '"') != std::string::npos;
  };
  if (table.primary_key && is_named(*table.primary_key)) return &*table.primary_key;
  const auto found = std::find_if(table.unique.begin(), table.unique.end(), is_named);
  return found == table.unique.end() ? nullptr : &*found;
}

// nullopt: the reason names no constraint that is known here.
std::optional<Taken> taken_value(cache::Database& database, const cache::Overlay& overlay,
                                 std::int64_t sequence, const std::string& reason) {
  const cache::Catalog& catalog = overlay.catalog();
  const Relations relations = relations_of(database, sequence);
  const auto found = std::find_if(
      catalog.tables().begin(), catalog.tables().end(), [&](const cache::Table& table) {
        return relations.contains(cache::relation_of(table)) && constraint_in(table, reason);
      });
  if (found == catalog.tables().end()) return std::nullopt;
  Taken taken{*found, *constraint_in(*found, reason), {}};
  for (RowEffect& change : effects_on(database, overlay, sequence, *found)) {
    auto row = cache::apply_effect(*found, change.effect, std::move(change.base));
    if (row) taken.wanted.push_back(*std::move(row));
  }
  return taken;
}

// Whether the entry changes or deletes the upstream's row that has the value.
bool gives_up(cache::Database& database, const cache::Overlay& overlay, std::int64_t sequence,
              const Taken& taken) {
  const auto effects = effects_on(database, overlay, sequence, taken.table);
  return std::any_of(effects.begin(), effects.end(), [&](const RowEffect& change) {
    if (!change.base || !taken.by(*change.base)) return false;
    const auto after = cache::apply_effect(taken.table, change.effect, change.base);
    return !after || !taken.by(*after);
  });
}

}  // namespace

std::optional<std::string> earlier_on_its_way(cache::Database& database, std::int64_t sequence) {
  Statement& statement =
      database.cached("SELECT id FROM hf_outbox o WHERE " HF_UNFINISHED " AND NOT " HF_PARKED
                      " AND sequence<?1 AND NOT " HF_SUSPENDED " ORDER BY sequence LIMIT 1");
  statement.bind(1, sequence);
  std::optional<std::string> id;
  if (statement.step()) id = std::string(statement.text(0));
  statement.reset();
  return id;
}

std::optional<std::string> awaited_entry(cache::Database& database, const cache::Overlay& overlay,
                                         std::int64_t sequence, Lack lack,
                                         const std::string& reason) {
  if (lack == Lack::kNothing) return std::nullopt;
  if (auto id = earlier_on_its_way(database, sequence)) return id;
  const auto taken =
      lack == Lack::kFreeValue ? taken_value(database, overlay, sequence, reason) : std::nullopt;
  const auto reach = reach_of(overlay.catalog(), relations_of(database, sequence), lack);
  Statement& statement = database.cached(
      "SELECT o.id, o.operation, o.relation, e.relation, o.sequence FROM hf_outbox o"
      " LEFT JOIN hf_effects e ON e.entry=o.sequence AND e.active=1"
      " WHERE o." HF_APART " AND o.sequence<?1 AND NOT " HF_SUSPENDED " ORDER BY o.sequence");
  statement.bind(1, sequence);
  std::optional<std::string> id;
  while (!id && statement.step()) {
    // Nobody knows what a call touches.
    bool reaches = !reach || statement.text(1) == "call";
    if (taken) {
      reaches = reaches || gives_up(database, overlay, statement.integer(4), *taken);
    } else if (!reaches) {
      reaches = reach->contains(statement.text(2)) ||
                (!statement.is_null(3) && reach->contains(statement.text(3)));
    }
    if (reaches) id = std::string(statement.text(0));
  }
  statement.reset();
  return id;
}

}  // namespace holdfast::queue
