#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "cache/query/query.h"
#include "cache/sqlite/writer.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

// Indexes for what this app filters and orders by, beside those of declared keys: made when a wish
// has come often enough, by the writer in the background, and dropped when it has not come for
// long. One principal's file has at most kMost of them. They only make reads faster: nothing
// depends on one.
// Thread-safe.
class LearnedIndexes {
 public:
  // Reads of one kind before its index is made.
  static constexpr int kUses = 5;
  static constexpr std::size_t kMost = 16;
  static constexpr std::chrono::hours kIdle{30 * 24};

  // Takes over what the file has.
  explicit LearnedIndexes(Database& database);

  // A read of `plan` happened. Cheap; the writer must be this file's.
  void note(const query::Plan& plan, Timestamp now, Writer& writer);

 private:
  struct Known {
    int uses = 0;
    bool made = false;  // or being made
    Timestamp noted;    // as the file has it, when it is made
  };

  void make(const std::string& name, const query::IndexWish& wish, Timestamp now, Writer& writer);
  void keep(const std::string& name, Timestamp now, Writer& writer);
  std::vector<std::string> take_idle(Timestamp now) HF_REQUIRES(mutex_);
  void failed(const std::string& name);

  Mutex mutex_;
  std::map<std::string, Known> known_ HF_GUARDED_BY(mutex_);
  std::size_t made_ HF_GUARDED_BY(mutex_) = 0;
};

}  // namespace holdfast::cache
