#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cache/catalog/catalog.h"
#include "gateway/base/result.h"

namespace holdfast::cache::query {

// Column indices: of the one side, of the other side.
using ColumnPairs = std::vector<std::pair<std::size_t, std::size_t>>;

// How rows of `target` belong to a row of `origin`. It borrows from the Catalog.
struct Relationship {
  // In the order in which PostgREST lists candidates.
  enum class Kind { kOneToMany, kManyToOne, kOneToOne, kManyToMany };

  Kind kind = Kind::kManyToOne;
  const Table* origin = nullptr;
  const Table* target = nullptr;
  std::string constraint;  // the foreign key; kManyToMany: the one to origin
  ColumnPairs columns;     // (origin, target); kManyToMany: (origin, junction)
  // Of kManyToMany only.
  const Table* junction = nullptr;
  std::string target_constraint;
  ColumnPairs target_columns;  // (target, junction)

  bool to_one() const { return kind == Kind::kManyToOne || kind == Kind::kOneToOne; }
};

// A foreign key whose both ends are in the catalog; it borrows from there.
struct Reference {
  const Table* from = nullptr;  // the base tables
  const Table* to = nullptr;
  const ForeignKey* key = nullptr;
  std::vector<std::size_t> to_columns;
};

// Finds relationships in one catalog, which must outlive it.
// One thread at a time: the planner.
class RelationshipFinder {
 public:
  explicit RelationshipFinder(const Catalog& catalog) : catalog_(catalog) {}

  // The relationship that `name(…)` or `name!hint(…)` in select means: `name` is a relation, or the
  // constraint or column of a foreign key; `hint` may also be a junction. Views take part through
  // the tables that their columns come from. Errors are PGRST200 and PGRST201; kForwardCode when it
  // is a computed relationship.
  Result<Relationship> find(const Table& origin, std::string_view name, std::string_view hint);
  // To what the foreign keys of `origin` lead: every exposed relation of its schema, tables before
  // views, each by constraint and name.
  std::vector<Relationship> parents(const Table& origin);

 private:
  const std::vector<Reference>& references();

  const Catalog& catalog_;
  std::optional<std::vector<Reference>> references_;  // gathered for the first embed
};

// The columns of the primary key. A view has those of the tables behind it that it shows
// completely.
std::vector<std::size_t> primary_key_columns(const Catalog& catalog, const Table& relation);

// Whether at most one row of `target` has given values in the columns of the relationship.
bool target_is_unique(const Relationship& relationship);

}  // namespace holdfast::cache::query
