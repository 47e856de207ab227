#pragma once

#include <string>

#include "cache/sqlite/database.h"

namespace holdfast::queue {

// How far a row has come, in these words: synced, pending_create, pending_update,
// pending_delete, conflict, failed. `relation` and `key` as in Effect.
std::string row_state(cache::Database& database, const std::string& relation,
                      const std::string& key);

}  // namespace holdfast::queue
