#pragma once

#include <vector>

#include "cache/sqlite/transaction.h"
#include "gateway/base/clock.h"
#include "queue/entry.h"
#include "queue/journal.h"

namespace holdfast::queue {

// The rows that this device has sent to append-only tables (fiscal documents), as they were sent:
// for each table a chain of SHA-256, each row's covering the one before, whose head is a record of
// the journal (hard case 25). So nobody alters, removes or reorders one unseen; an export has them.
//
// One thread at a time: whoever holds the Transaction or Database passed in.
class RowChain {
 public:
  // The upstream has taken the rows of an insert: they become the last ones of their table's chain.
  static void append(cache::Transaction& transaction, const Entry& entry);

  // Rows that are altered, missing or out of their place.
  static std::vector<JournalFault> verify(cache::Database& database);
};

}  // namespace holdfast::queue
