#pragma once

#include "cache/replica/overlay.h"
#include "queue/entry.h"

namespace holdfast::queue {

// What was saved of a damaged file may be a part of an entry: of an update of many rows, those that
// could still be read. Sent so, it would do half of what its app was promised.

// Unfinished entries of a file that was salvaged just now which are not what the journal says of
// them become dead letters, with what waits for them.
void refuse_damaged(cache::Transaction& transaction, cache::Overlay& overlay, Timestamp now);
// Whether the dead letter is one of those: it may be edited or discarded, and not sent as it is.
bool is_damaged(const Entry& entry);

}  // namespace holdfast::queue
