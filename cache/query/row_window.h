#pragma once

#include "cache/query/query.h"

namespace holdfast::cache::query {

// limit= and offset= of the root within the Range header and max_rows; a limit of zero is allowed
// without an offset, any other empty range is PGRST103. Thread-safe.
Result<RowWindow> row_window(const Query& query, const PlanOptions& options);

}  // namespace holdfast::cache::query
