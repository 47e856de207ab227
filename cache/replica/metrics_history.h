#pragma once

#include <map>
#include <string>

#include "cache/sqlite/database.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

// Samples of the gateway's figures over time, in project.db: no rows, no names of people.
// Thread-safe.
class MetricsHistory {
 public:
  // Opens the file a second time, beside ProjectFile; makes the table when it is missing.
  explicit MetricsHistory(const std::string& path);

  // Keeps `sample` (JSON), in the place of one of the same second, and drops what is older than
  // `forget_before`.
  void add(Timestamp at, const std::string& sample, Timestamp forget_before);
  // By time, from `from` on.
  std::map<Timestamp, std::string> since(Timestamp from);

 private:
  Mutex mutex_;
  Database database_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::cache
