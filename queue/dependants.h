#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/replica/overlay.h"
#include "queue/entry.h"

// What depends on a refused write: it needs a row that this would have made, or deletes what a row
// refers to that this would have pointed elsewhere (a cascade would take that row). It is not sent,
// and what it does to rows is suspended: it does not show, and later writes of a row that is there
// wait for it, until a person decides about the refused one or the row is made all the same. Works
// inside the caller's Transaction.
namespace holdfast::queue {

// How the reason of an entry begins that is blocked by a dead letter, whose id follows.
inline constexpr std::string_view kDependsOnDead = "depends on the dead letter ";

// The id of a dead letter that the entry depends on; nullopt: there is none, or the row that it
// would have made is there all the same.
std::optional<std::string> dead_parent(cache::Database& database, const cache::Overlay& overlay,
                                       std::int64_t sequence);

// The unfinished entries that depend on `sequence` or would if it were refused, also by others in
// between; in order.
std::vector<std::int64_t> dependants_of(cache::Database& database, std::int64_t sequence);

// Suspends the effects of an unfinished entry, or shows them again, by whether it has a dead
// parent; which.
std::optional<std::string> review(cache::Transaction& transaction, cache::Overlay& overlay,
                                  std::int64_t sequence);
// The same for those of them that are neither being sent nor for a person to decide, in order.
void review(cache::Transaction& transaction, cache::Overlay& overlay,
            const std::vector<std::int64_t>& sequences);
bool is_suspended(cache::Database& database, std::int64_t sequence);

// Those of dependants_of() that can never come to be without the rows of `entry`, which is about to
// be discarded: they change those rows, or name them by ids that only this gateway knows. Takes the
// effects of `entry` back.
std::vector<std::int64_t> orphans_of(cache::Transaction& transaction, cache::Overlay& overlay,
                                     const Entry& entry);

// The entries after `sequence`, which has arrived, that name by a temporary id of its own a row
// whose real id nobody has told: it met another one, a trigger left it out, or its answer was lost.
std::vector<std::int64_t> naming_unknown_ids(cache::Database& database, std::int64_t sequence);

// Whether the entry names a row by an id that the upstream will never give: its insert was
// discarded, or has arrived and told of none.
bool names_given_up_id(cache::Database& database, std::int64_t sequence);

}  // namespace holdfast::queue
