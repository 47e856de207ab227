#include "cache/query/relationships.h"

#include <algorithm>
#include <functional>
#include <tuple>

#include "cache/query/relationship_words.h"
#include "cache/query/suggestions.h"
#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

using Columns = std::vector<std::size_t>;
using Emit = std::function<void(Relationship)>;

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

// The ways in which `relation` shows the columns of `base`: itself, or every choice among a view's
// columns that come from them.
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

bool is_unique(const Table& table, const Columns& columns) {
  if (table.primary_key && same_set(table.primary_key->columns, columns)) return true;
  return std::any_of(table.unique.begin(), table.unique.end(),
                     [&](const Key& key) { return same_set(key.columns, columns); });
}

ColumnPairs paired(const Columns& a, const Columns& b) {
  ColumnPairs pairs;
  for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) pairs.emplace_back(a[i], b[i]);
  return pairs;
}

// Every foreign key of the catalog whose both ends are known.
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

// The relationships from `origin` along the reference (its own keys) to every relation that
// `accepts` lets in.
template <typename Accept>
void follow(const Catalog& catalog, const Table& origin, const Reference& reference, Accept accepts,
            const Emit& emit) {
  const auto shown = appearances(origin, *reference.from, reference.key->columns);
  if (shown.empty()) return;
  const auto kind = is_unique(*reference.from, reference.key->columns)
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

// The same against the reference: who refers to `origin`.
template <typename Accept>
void follow_back(const Catalog& catalog, const Table& origin, const Reference& reference,
                 Accept accepts, const Emit& emit) {
  const auto shown = appearances(origin, *reference.to, reference.to_columns);
  if (shown.empty()) return;
  const auto kind = is_unique(*reference.from, reference.key->columns)
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

// Both keys of a junction, each many-to-one, inside its primary key.
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

bool is_single(const Relationship& relationship, const Table& side, std::size_t column,
               std::string_view name) {
  return relationship.kind != Relationship::Kind::kManyToMany && relationship.columns.size() == 1 &&
         side.columns[column].name == name;
}

bool by_constraint(const Relationship& relationship, std::string_view name) {
  return relationship.kind != Relationship::Kind::kManyToMany && relationship.constraint == name;
}

bool by_origin_column(const Relationship& relationship, std::string_view name) {
  return is_single(relationship, *relationship.origin, relationship.columns[0].first, name);
}

bool by_target_column(const Relationship& relationship, std::string_view name) {
  return is_single(relationship, *relationship.target, relationship.columns[0].second, name);
}

// Of a key from a relation to itself the relation's name means the rows that refer to this one, the
// key's column the row that this one refers to.
bool fits_self(const Relationship& relationship, std::string_view name, std::string_view hint) {
  const bool rows =
      relationship.kind == Relationship::Kind::kOneToMany && relationship.target->name == name;
  if (!hint.empty()) return rows && by_target_column(relationship, hint);
  return rows || (relationship.kind == Relationship::Kind::kManyToOne &&
                  by_origin_column(relationship, name));
}

bool fits(const Relationship& relationship, std::string_view name, std::string_view hint) {
  if (relationship.origin == relationship.target) return fits_self(relationship, name, hint);
  if (hint.empty()) {
    // A constraint or column names the key itself, which a view has only at second hand.
    return relationship.target->name == name ||
           (!relationship.target->is_view() &&
            (by_constraint(relationship, name) || by_origin_column(relationship, name)));
  }
  return relationship.target->name == name &&
         (by_constraint(relationship, hint) || by_origin_column(relationship, hint) ||
          by_target_column(relationship, hint) ||
          (relationship.junction != nullptr && relationship.junction->name == hint));
}

// "Perhaps you meant …": another target of a known origin, or another origin.
std::optional<std::string> relationship_hint(const Catalog& catalog,
                                             const std::vector<Reference>& references,
                                             const Table& origin, std::string_view name) {
  std::vector<std::string> targets;
  std::vector<std::string> origins;
  const auto exposed = [&](const Table& table) {
    return table.exposed && table.schema == origin.schema;
  };
  const auto collect = [&](const Relationship& found) { targets.push_back(found.target->name); };
  for (const Reference& reference : references) {
    follow(catalog, origin, reference, exposed, collect);
    follow_back(catalog, origin, reference, exposed, collect);
    if (!exposed(*reference.from) || !exposed(*reference.to)) continue;
    origins.push_back(reference.from->name);
    origins.push_back(reference.to->name);
  }
  if (targets.empty()) {
    const auto meant = closest_name(origins, origin.name);
    if (!meant) return std::nullopt;
    return "Perhaps you meant '" + *meant + "' instead of '" + origin.name + "'.";
  }
  if (std::find(targets.begin(), targets.end(), name) != targets.end()) return std::nullopt;
  const auto meant = closest_name(targets, name);
  if (!meant) return std::nullopt;
  return "Perhaps you meant '" + *meant + "' instead of '" + std::string(name) + "'.";
}

bool is_computed(const Catalog& catalog, const Table& origin, std::string_view name) {
  return std::any_of(catalog.functions().begin(), catalog.functions().end(),
                     [&](const Function& function) {
                       if (function.name != name || function.arguments.empty()) return false;
                       const auto& row = function.arguments[0].row_of;
                       return row && row->schema == origin.schema && row->table == origin.name;
                     });
}

std::vector<Relationship> candidates(const Catalog& catalog,
                                     const std::vector<Reference>& references, const Table& origin,
                                     std::string_view name, std::string_view hint) {
  std::vector<Relationship> found;
  const Emit collect = [&](Relationship relationship) {
    if (fits(relationship, name, hint)) found.push_back(std::move(relationship));
  };
  for (const Reference& reference : references) {
    // A name that is no relation's is the key's own, or one of its columns.
    const bool by_key = hint.empty() && (reference.key->name == name ||
                                         catalog.find(origin.schema, name) == nullptr ||
                                         origin.find_column(name) != nullptr);
    const auto accepts = [&](const Table& table) {
      return table.exposed && table.schema == origin.schema && (by_key || table.name == name);
    };
    follow(catalog, origin, reference, accepts, collect);
    follow_back(catalog, origin, reference, accepts, collect);
  }
  const Table* target = catalog.find(origin.schema, name);
  if (target != nullptr && target->exposed) {
    through_junctions(catalog, references, origin, *target, collect);
  }
  const auto rank = [](const Relationship& relationship) {
    const auto& junction = relationship.junction;
    return std::tuple(relationship.target->name, relationship.kind,
                      junction == nullptr ? std::string() : junction->name, relationship.constraint,
                      relationship_words(relationship));
  };
  std::sort(found.begin(), found.end(),
            [&](const Relationship& a, const Relationship& b) { return rank(a) < rank(b); });
  return found;
}

}  // namespace

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

std::vector<Relationship> RelationshipFinder::parents(const Table& origin) {
  std::vector<Relationship> found;
  const auto accepts = [&](const Table& table) {
    return table.exposed && table.schema == origin.schema;
  };
  for (const Reference& reference : references()) {
    follow(catalog_, origin, reference, accepts,
           [&](Relationship parent) { found.push_back(std::move(parent)); });
  }
  std::ranges::stable_sort(found, {}, [](const Relationship& parent) {
    return std::tuple(parent.target->is_view(), parent.constraint, parent.target->name);
  });
  return found;
}

const std::vector<Reference>& RelationshipFinder::references() {
  if (!references_) references_ = references_of(catalog_);
  return *references_;
}

Result<Relationship> RelationshipFinder::find(const Table& origin, std::string_view name,
                                              std::string_view hint) {
  if (is_computed(catalog_, origin, name)) {
    return Error{ErrorKind::kNotAnswerable, kForwardCode, "computed relationship", {}, {}};
  }
  auto found = candidates(catalog_, references(), origin, name, hint);
  if (found.empty()) {
    return no_relationship(origin, name, hint,
                           relationship_hint(catalog_, references(), origin, name));
  }
  if (found.size() == 1) return std::move(found[0]);
  return ambiguous_relationship(origin, name, found);
}

bool target_is_unique(const Relationship& relationship) {
  Columns columns;
  for (const auto& pair : relationship.columns) columns.push_back(pair.second);
  return !relationship.target->is_view() && is_unique(*relationship.target, columns);
}

}  // namespace holdfast::cache::query
