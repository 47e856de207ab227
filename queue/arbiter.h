#pragma once

#include <string>

#include "cache/replica/options.h"
#include "queue/conflict_policy.h"
#include "queue/conflicts.h"
#include "queue/outbox.h"
#include "queue/verdict.h"

namespace holdfast::queue {

// Carries out what the policy, or a person, decides about a write whose row is not what it was
// based on: in the caller's Transaction the entry, its row and the record of it change together.
//
// One thread at a time: whoever holds the Transaction passed in.
class Arbiter {
 public:
  // All must outlive it.
  Arbiter(Outbox& outbox, const cache::ReplicaOptions& options)
      : outbox_(outbox), options_(options) {}

  // What became of the entry, for logs and POST /sync.
  enum class End {
    kSentAgain,  // queued anew, on the row as it is now
    kResolved,   // the upstream's row stands
    kAsks,       // waits for a person
  };
  struct Outcome {
    End end;
    std::string reason;
  };
  // An entry of several rows is split first; its rows collide one by one when they are sent.
  Outcome settle(cache::Transaction& transaction, const Entry& entry, const Collided& collided,
                 Timestamp now);

  // Ends the entry, as the upstream's row stands.
  void give_way(cache::Transaction& transaction, const Entry& entry,
                const std::vector<cache::Effect>& effects, const Superseded& superseded,
                Timestamp now);

  enum class Choice { kLocal, kRemote, kMerged };
  // A person's decision of an open conflict; `row` (a JSON object) only with kMerged. Errors:
  // kConflict when it is decided already, kInvalidRequest of the row.
  Result<void> resolve(cache::Transaction& transaction, const Conflict& conflict, Choice choice,
                       const std::string& row, Timestamp now);

 private:
  // Of an upsert: its rows are decided one by one, and it stays one write.
  Outcome settle_upsert(cache::Transaction& transaction, const Entry& entry,
                        const Collided& collided, Timestamp now);

  Outbox& outbox_;
  const cache::ReplicaOptions& options_;
};

}  // namespace holdfast::queue
