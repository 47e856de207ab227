#pragma once

#include <optional>

#include "cache/replica/mutation.h"
#include "cache/replica/options.h"

namespace holdfast::routes {

// What `[tables.NAME]` forbids whatever the upstream would say: changing, replacing or deleting
// rows of an append-only table (403).
std::optional<Error> refuse_by_mode(const cache::TableOptions& options,
                                    const cache::Mutation& mutation);

// A write of several rows while the upstream is away, where the table does not take such (504).
std::optional<Error> refuse_offline_bulk(const cache::TableOptions& options,
                                         const cache::Mutation& mutation,
                                         const cache::Changes& changes);

}  // namespace holdfast::routes
