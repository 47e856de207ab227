#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/pull/table_source.h"
#include "cache/replica/store.h"

namespace holdfast::cache {

// Whether a row was acknowledged after `mark` acknowledgements, so that an image that was asked for
// before would undo it, or is being sent, so that its answer, which may be older than the image,
// would undo that (hard case 8). Such a row is queued for a read by its key.
bool is_newer_here(Transaction& transaction, const std::string& relation, const std::string& key,
                   std::int64_t mark);

void queue_for_reading(Transaction& transaction, const std::string& relation,
                       const std::string& key);

// A moment as timestamp columns are stored: microseconds since 2000-01-01.
std::int64_t stamp_of(Timestamp time);

// Rows that came and cannot be stored here; and those that can again, or are gone.
void note_unreadable(Transaction& transaction, const std::string& relation,
                     const std::vector<UnreadableRow>& rows);
void forget_unreadable(Transaction& transaction, const std::string& relation,
                       const std::string& key);
std::optional<std::string> unreadable_reason(Database& database, const std::string& relation);

}  // namespace holdfast::cache
