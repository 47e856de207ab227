#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cache/replica/overlay.h"

namespace holdfast::queue {

// A later deletion that was made while an entry showed rows out of its reach, which a cascade of it
// would take along otherwise.
struct SparedBy {
  std::int64_t deletion;  // sequence
  std::string relation;   // of a row that it deletes
  std::string key;
};

// The deletions that wait and were made while the entry's effects showed: to be asked before it
// ends.
std::vector<SparedBy> deletions_past(cache::Database& database, std::int64_t sequence);

// Those of them, by sequence, that would take a row of these along now: the entry, whose `effects`
// these were, has ended without them.
std::vector<std::int64_t> reaching_again(cache::Database& database, const cache::Overlay& overlay,
                                         std::span<const cache::Effect> effects,
                                         std::span<const SparedBy> deletions);

// Whether a row of these effects refers at the upstream, as far as is known, to what is deleted.
bool reaches_upstream(cache::Database& database, const cache::Overlay& overlay,
                      std::span<const cache::Effect> effects, const SparedBy& deletion);

}  // namespace holdfast::queue
