#pragma once

#include <optional>
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

// The outbox entry of a computed mutation, all or nothing however many rows it has; nullopt when
// nothing changes. A PATCH or DELETE is for the rows that the person saw change, by their keys:
// the companion takes it whole, without it the dispatcher splits it (hard case 6).
// The effects stay owned by `changes`.
std::optional<PlannedEntry> plan_entry(const cache::Mutation& mutation, cache::Changes& changes,
                                       const std::string& body, const http::Principal& principal,
                                       Timestamp now);

// Column names as the value of columns= or on_conflict=.
std::string name_list(const std::vector<std::string>& names);

}  // namespace holdfast::routes
