#include "cache/query/relationship_paths.h"

#include <algorithm>

namespace holdfast::cache::query {
namespace {

std::vector<std::size_t> columns_from(const Table& view, const Table& base, std::size_t column) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < view.columns.size(); ++i) {
    const auto& origin = view.columns[i].origin;
    if (origin && origin->schema == base.schema && origin->table == base.name &&
        origin->column == base.columns[column].name) {
      found.push_back(i);
    }
  }
  return found;
}

std::optional<Columns> referenced_columns(const Table& table, const ForeignKey& key) {
  Columns columns;
  for (const auto& name : key.ref_columns) {
    const auto index = table.column_index(name);
    if (!index) return std::nullopt;
    columns.push_back(*index);
  }
  return columns;
}

bool same_set(Columns a, Columns b) {
  std::sort(a.begin(), a.end());
  std::sort(b.begin(), b.end());
  return a == b;
}

ColumnPairs paired(const Columns& a, const Columns& b) {
  ColumnPairs pairs;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) pairs.emplace_back(a[i], b[i]);
  return pairs;
}

bool covers(const Columns& key, const ColumnPairs& pairs) {
  return std::all_of(pairs.begin(), pairs.end(), [&](const auto& pair) {
    return std::find(key.begin(), key.end(), pair.first) != key.end();
  });
}

ColumnPairs swapped(const ColumnPairs& pairs) {
  ColumnPairs out;
  for (const auto& [a, b] : pairs) out.emplace_back(b, a);
  return out;
}

// Those that lead to one of two relations.
std::vector<const Reference*> references_to(const std::vector<Reference>& references,
                                            const Table& one, const Table& other) {
  std::vector<const Reference*> found;
  for (const Reference& reference : references) {
    if (!appearances(one, *reference.to, reference.to_columns).empty() ||
        !appearances(other, *reference.to, reference.to_columns).empty()) {
      found.push_back(&reference);
    }
  }
  return found;
}

}  // namespace

std::vector<Columns> appearances(const Table& relation, const Table& base, const Columns& columns) {
  if (&relation == &base) return {columns};
  if (!relation.is_view()) return {};
  std::vector<Columns> all = {{}};
  for (const std::size_t column : columns) {
    std::vector<Columns> longer;
    for (const std::size_t shown : columns_from(relation, base, column)) {
      for (Columns choice : all) {
        choice.push_back(shown);
        longer.push_back(std::move(choice));
      }
    }
    all = std::move(longer);
  }
  return all;
}

std::vector<std::size_t> primary_key_columns(const Catalog& catalog, const Table& relation) {
  if (!relation.is_view()) return relation.primary_key ? relation.primary_key->columns : Columns();
  Columns columns;
  for (const Table& base : catalog.tables()) {
    if (!base.primary_key || base.is_view()) continue;
    const auto shown = appearances(relation, base, base.primary_key->columns);
    if (!shown.empty()) columns.insert(columns.end(), shown[0].begin(), shown[0].end());
  }
  return columns;
}

bool is_unique(const Table& table, const Columns& columns, Unique by) {
  if (table.primary_key && same_set(table.primary_key->columns, columns)) return true;
  return std::any_of(table.unique.begin(), table.unique.end(), [&](const Key& key) {
    return (by == Unique::kInFact || !key.index_alone) && same_set(key.columns, columns);
  });
}

std::vector<Reference> references_of(const Catalog& catalog) {
  std::vector<Reference> all;
  for (const Table& from : catalog.tables()) {
    for (const ForeignKey& key : from.foreign_keys) {
      const Table* to = catalog.find(key.ref_schema, key.ref_table);
      if (to == nullptr) continue;
      auto columns = referenced_columns(*to, key);
      if (columns) all.push_back({&from, to, &key, *std::move(columns)});
    }
  }
  return all;
}

void follow(const Catalog& catalog, const Table& origin, const Reference& reference,
            const Accept& accepts, const Emit& emit) {
  const auto shown = appearances(origin, *reference.from, reference.key->columns);
  if (shown.empty()) return;
  const auto kind = is_unique(*reference.from, reference.key->columns, Unique::kByConstraint)
                        ? Relationship::Kind::kOneToOne
                        : Relationship::Kind::kManyToOne;
  for (const Table& target : catalog.tables()) {
    if (!accepts(target)) continue;
    for (const auto& there : appearances(target, *reference.to, reference.to_columns)) {
      for (const auto& here : shown) {
        emit({kind, &origin, &target, reference.key->name, paired(here, there), nullptr, {}, {}});
      }
    }
  }
}

void follow_back(const Catalog& catalog, const Table& origin, const Reference& reference,
                 const Accept& accepts, const Emit& emit) {
  const auto shown = appearances(origin, *reference.to, reference.to_columns);
  if (shown.empty()) return;
  const auto kind = is_unique(*reference.from, reference.key->columns, Unique::kByConstraint)
                        ? Relationship::Kind::kOneToOne
                        : Relationship::Kind::kOneToMany;
  for (const Table& target : catalog.tables()) {
    if (!accepts(target)) continue;
    for (const auto& there : appearances(target, *reference.from, reference.key->columns)) {
      for (const auto& here : shown) {
        emit({kind, &origin, &target, reference.key->name, paired(here, there), nullptr, {}, {}});
      }
    }
  }
}

void join_through(const Catalog& catalog, const Table& junction,
                  const std::vector<Relationship>& to_origin,
                  const std::vector<Relationship>& to_target, const Emit& emit) {
  const Columns key = primary_key_columns(catalog, junction);
  for (const auto& one : to_origin) {
    for (const auto& other : to_target) {
      if (one.constraint == other.constraint) continue;
      if (!covers(key, one.columns) || !covers(key, other.columns)) continue;
      emit({Relationship::Kind::kManyToMany, one.target, other.target, one.constraint,
            swapped(one.columns), &junction, other.constraint, swapped(other.columns)});
    }
  }
}

void through_junctions(const Catalog& catalog, const std::vector<Reference>& references,
                       const Table& origin, const Table& target, const Emit& emit) {
  const auto leading = references_to(references, origin, target);
  for (const Table& junction : catalog.tables()) {
    if (!junction.exposed) continue;
    std::vector<Relationship> to_origin;
    std::vector<Relationship> to_target;
    const auto collect = [&](const Relationship& found) {
      if (found.kind != Relationship::Kind::kManyToOne) return;
      if (found.target == &origin) to_origin.push_back(found);
      if (found.target == &target) to_target.push_back(found);
    };
    for (const Reference* reference : leading) {
      if (reference->from != &junction && !junction.is_view()) continue;
      follow(
          catalog, junction, *reference,
          [&](const Table& table) { return &table == &origin || &table == &target; }, collect);
    }
    if (!to_origin.empty() && !to_target.empty()) {
      join_through(catalog, junction, to_origin, to_target, emit);
    }
  }
}

}  // namespace holdfast::cache::query
