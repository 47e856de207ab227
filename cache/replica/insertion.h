#pragma once

#include "cache/replica/mutation.h"

namespace holdfast::cache {

// compute_changes() of a POST: plain inserts and upserts. The table must have a primary key.
Computed compute_insertion(Database& database, const Catalog& catalog, const Overlay& overlay,
                           const Mutation& mutation, const MutationContext& context);

}  // namespace holdfast::cache
