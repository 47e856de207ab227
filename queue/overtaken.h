#pragma once

#include <set>
#include <string>
#include <vector>

#include "cache/values/json.h"
#include "queue/conflict_policy.h"
#include "queue/verdict.h"

// The rows of an upsert that others have changed or deleted since it was made, and what becomes of
// the upsert by what is decided of them. Free functions; thread-safe.
namespace holdfast::queue {

// One such row.
struct Overtaken {
  std::size_t start;     // of its effects
  std::size_t place;     // in the body
  cache::Effect effect;  // as it is compared
  const cache::UpstreamImage* image;
  Decision decision;
};

// Those of `entry`, an upsert with these effects, in its order, and what is decided of each.
// `collided` must outlive them.
std::vector<Overtaken> overtaken_rows(const Entry& entry, const std::vector<cache::Effect>& effects,
                                      const Collided& collided,
                                      const cache::ReplicaOptions& options);

// Whether an insert may give the row's key.
bool has_own_key(const cache::Table& table);

// The effect, and its row of the body, over the row as it is there, which may be gone.
void rewrite_row(const cache::Table& table, const Overtaken& row, cache::Effect& effect,
                 cache::RawObject& body);

// The body without these rows, places in it.
std::string left_of(const cache::RawBody& body, const std::set<std::size_t>& given_way);

// The upsert's own effects without those of these rows.
std::vector<cache::Effect> left_of(const Entry& entry, const std::vector<cache::Effect>& effects,
                                   const std::set<std::size_t>& given_way);

}  // namespace holdfast::queue
