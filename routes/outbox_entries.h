#pragma once

#include <span>
#include <string>
#include <vector>

#include "cache/replica/mutation.h"
#include "gateway/base/clock.h"
#include "gateway/http/principal.h"
#include "queue/entry.h"

namespace holdfast::routes {

// An entry with the part of a mutation's effects that it sends.
struct PlannedEntry {
  queue::Entry entry;
  std::span<cache::Effect> effects;
};

// The outbox entries of a computed mutation. An insert is one entry, as the upstream takes it all
// or nothing. A PATCH or DELETE is sent for the rows that the person saw change, by their keys, at
// most kKeysInEntry in one entry, so that targets stay short.
// The effects stay owned by `changes`.
std::vector<PlannedEntry> plan_entries(const cache::Mutation& mutation, cache::Changes& changes,
                                       const std::string& body, const http::Principal& principal,
                                       Timestamp now);

inline constexpr std::size_t kKeysInEntry = 100;

}  // namespace holdfast::routes
