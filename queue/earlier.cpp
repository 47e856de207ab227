#include "queue/earlier.h"

#include <algorithm>
#include <set>

#include "cache/replica/row.h"
#include "queue/outbox_sql.h"

namespace holdfast::queue {
namespace {

using cache::Statement;
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

}  // namespace

std::optional<std::string> earlier_on_its_way(cache::Database& database, std::int64_t sequence) {
  Statement& statement =
      database.cached("SELECT id FROM hf_outbox WHERE " HF_UNFINISHED " AND NOT " HF_PARKED
                      " AND sequence<?1 ORDER BY sequence LIMIT 1");
  statement.bind(1, sequence);
  std::optional<std::string> id;
  if (statement.step()) id = std::string(statement.text(0));
  statement.reset();
  return id;
}

std::optional<std::string> awaited_entry(cache::Database& database, const cache::Catalog& catalog,
                                         std::int64_t sequence, Lack lack) {
  if (lack == Lack::kNothing) return std::nullopt;
  if (auto id = earlier_on_its_way(database, sequence)) return id;
  const auto reach = reach_of(catalog, relations_of(database, sequence), lack);
  Statement& statement = database.cached(
      "SELECT o.id, o.operation, o.relation, e.relation FROM hf_outbox o"
      " LEFT JOIN hf_effects e ON e.entry=o.sequence AND e.active=1"
      " WHERE o." HF_APART " AND o.sequence<?1 ORDER BY o.sequence");
  statement.bind(1, sequence);
  std::optional<std::string> id;
  while (!id && statement.step()) {
    // Nobody knows what a call touches.
    const bool reaches = !reach || statement.text(1) == "call" ||
                         reach->contains(statement.text(2)) ||
                         (!statement.is_null(3) && reach->contains(statement.text(3)));
    if (reaches) id = std::string(statement.text(0));
  }
  statement.reset();
  return id;
}

}  // namespace holdfast::queue
