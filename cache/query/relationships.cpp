#include "cache/query/relationships.h"

#include <algorithm>
#include <tuple>

#include "cache/query/relationship_hint.h"
#include "cache/query/relationship_paths.h"
#include "cache/query/relationship_words.h"
#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

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
  if (catalog_.find_computed(origin, name) != nullptr) {
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
  return !relationship.target->is_view() &&
         is_unique(*relationship.target, columns, Unique::kInFact);
}

}  // namespace holdfast::cache::query
