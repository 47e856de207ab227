#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/store.h"
#include "gateway/base/clock.h"
#include "gateway/base/progress_count.h"

namespace holdfast::queue {

// The end of a journal: kept elsewhere too, it shows whether the newest records are missing.
struct JournalHead {
  std::int64_t number = 0;  // of the newest record; 0 = none yet
  std::string mac;
};

// A record that is altered, missing or out of its place.
struct JournalFault {
  std::int64_t number;
  std::string what;
};

struct JournalCheck {
  std::int64_t records = 0;
  JournalHead head;
  std::vector<JournalFault> faults;  // empty: all is as it was written
};

// The keyed hash chain over every change of state of a principal's entries and conflicts (hard case
// 25): HMAC-SHA-256 under a key that is not in the file, each record's covering the one before.
//
// Triggers in the file write the records, whatever code makes the change; attach() has each group
// of writes sealed before its commit, so a record and what it tells of are durable together.
// Immutable after construction.
class Journal {
 public:
  // `clock` must outlive it and the stores that it is attached to. `secret` is the installation's.
  Journal(std::string secret, const Clock& clock);

  // Before anybody writes to the store's queue.
  void attach(cache::Store& store) const;
  // The records that the transaction has made so far become part of the chain.
  void seal(cache::Transaction& transaction) const;

  // An event beside the queue (export, import, a token), in the caller's transaction.
  static void note(cache::Transaction& transaction, const std::string& subject,
                   const std::string& what);
  // Cuts off the records before `before`, all sealed into one segment. How many.
  std::int64_t cut(cache::Transaction& transaction, Timestamp before) const;

  static JournalHead head(cache::Database& database);
  // Recomputes all of it and the chains of append-only rows, and compares entries and conflicts
  // with what their newest records say of them. `known`: a head that was kept elsewhere. `progress`
  // is told of as many things as to_verify() counts.
  JournalCheck verify(cache::Database& database, const std::optional<JournalHead>& known,
                      ProgressCount* progress = nullptr) const;
  static std::int64_t to_verify(cache::Database& database);

 private:
  const std::string key_;
  const Clock& clock_;
};

}  // namespace holdfast::queue
