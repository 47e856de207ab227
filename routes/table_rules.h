#pragma once

#include <optional>

#include "cache/replica/mutation.h"
#include "cache/replica/options.h"

namespace holdfast::routes {

// What `[tables.NAME]` forbids whatever the upstream would say: changing, replacing or deleting
// rows of an append-only table (403).
std::optional<Error> refuse_by_mode(const cache::TableOptions& options,
                                    const cache::Mutation& mutation);

// The same of a write whose consequences (on delete cascade, set null) they would be.
std::optional<Error> refuse_by_consequences(const cache::ReplicaOptions& options,
                                            const cache::Overlay& overlay,
                                            const cache::Changes& changes);

// A write of several rows while the upstream is away, where the table does not take such (504).
std::optional<Error> refuse_offline_bulk(const cache::TableOptions& options,
                                         const cache::Mutation& mutation,
                                         const cache::Changes& changes);

// One write more than may wait for delivery (507); `limit` 0 is none.
std::optional<Error> refuse_full_queue(cache::Database& database, std::int64_t limit);

}  // namespace holdfast::routes
