#pragma once

#include "cache/replica/mutation.h"

namespace holdfast::cache {

// Makes of a parsed PUT the upsert by primary key that it stands for: the body's rows that the
// filters name are left. Errors as PostgREST words them: PGRST114 for limit and offset, PGRST105
// unless the filters are the key's columns by eq, PGRST115 when no row of the body is meant.
Result<void> make_single_upsert(Mutation& mutation);

}  // namespace holdfast::cache
