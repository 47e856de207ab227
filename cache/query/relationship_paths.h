#pragma once

#include <functional>
#include <vector>

#include "cache/query/relationships.h"

// Which relations lie along which foreign keys, views through the tables that their columns come
// from. Free functions; thread-safe.
namespace holdfast::cache::query {

using Columns = std::vector<std::size_t>;
using Accept = std::function<bool(const Table&)>;
using Emit = std::function<void(Relationship)>;

// The ways in which `relation` shows the columns of `base`: itself, or every choice among a view's
// columns that come from them.
std::vector<Columns> appearances(const Table& relation, const Table& base, const Columns& columns);

// PostgREST looks at constraints alone, not at unique indexes.
enum class Unique { kByConstraint, kInFact };

// Whether a key of the table consists of these columns.
bool is_unique(const Table& table, const Columns& columns, Unique by);

// Every foreign key of the catalog whose both ends are known.
std::vector<Reference> references_of(const Catalog& catalog);

// The relationships from `origin` along the reference (its own keys) to every relation that
// `accepts` lets in.
void follow(const Catalog& catalog, const Table& origin, const Reference& reference,
            const Accept& accepts, const Emit& emit);

// The same against the reference: who refers to `origin`.
void follow_back(const Catalog& catalog, const Table& origin, const Reference& reference,
                 const Accept& accepts, const Emit& emit);

// Many-to-many between what two keys of a junction lead to: each many-to-one, inside its primary
// key.
void join_through(const Catalog& catalog, const Table& junction,
                  const std::vector<Relationship>& to_origin,
                  const std::vector<Relationship>& to_target, const Emit& emit);

// Many-to-many from `origin` to `target` through every exposed relation.
void through_junctions(const Catalog& catalog, const std::vector<Reference>& references,
                       const Table& origin, const Table& target, const Emit& emit);

}  // namespace holdfast::cache::query
