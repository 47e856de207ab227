#pragma once

#include "cache/replica/computation.h"

namespace holdfast::cache {

// compute_changes() of a POST or PUT: plain inserts and upserts. Of a table without a primary key
// only errors and what inserts nothing are computed here.
Computed compute_insertion(const Computation& computation);

}  // namespace holdfast::cache
