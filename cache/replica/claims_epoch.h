#pragma once

#include <cstdint>
#include <string>

#include "cache/sqlite/writer.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

// Under which claims the rows of a principal's replica were read (hard case 1).
//
// A newer token with other claims may show other rows, of which nothing here tells: until all keys
// were compared once under it, the replica is unsettled and its reads are the upstream's. Kept in
// the file, so that a restart in between settles nothing.
// Thread-safe.
class ClaimsEpoch {
 public:
  explicit ClaimsEpoch(Database& database);

  // Of a verified token. True when the claims are others than those of any token before it, and it
  // was issued no earlier than they: durable when it returns, blocks for the disk. The first token
  // of a file settles itself: there is nothing that another one has read.
  bool note(const std::string& epoch, Timestamp issued, Writer& writer);

  bool unsettled() const;
  // Whether `epoch` is that of the newest claims, or none is known; "" is told of nobody.
  bool is_current(const std::string& epoch) const;
  // For settle(): how often the claims have changed.
  std::int64_t changes() const;
  // All keys were compared, from a moment on at which changes() was `changes`.
  void settle(std::int64_t changes, Writer& writer);

 private:
  mutable Mutex mutex_;
  std::string epoch_ HF_GUARDED_BY(mutex_);
  Timestamp issued_ HF_GUARDED_BY(mutex_){};
  std::int64_t changes_ HF_GUARDED_BY(mutex_) = 0;
  std::int64_t settled_ HF_GUARDED_BY(mutex_) = 0;
};

}  // namespace holdfast::cache
