#pragma once

#include <string>

#include "cache/catalog/table.h"
#include "cache/replica/row.h"
#include "cache/sqlite/database.h"

namespace holdfast::cache {

// What of the upstream is behind the row that is shown, whose pending effects are active: its
// `image`, but for the columns that one of them names. There nobody has seen what an image that
// came later has, and so a later write is based on what that effect was based on.
Row shown_base(Database& database, const Table& table, const std::string& key, Row image);

}  // namespace holdfast::cache
