#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cache/pull/options.h"
#include "cache/pull/parity.h"
#include "cache/replica/options.h"
#include "cache/replica/store.h"
#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/credentials.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::cache {

enum class PullDepth {
  kChanges,  // what changed since the cursor
  kCopies,   // and what has no key made anew
  kKeys,     // and a comparison of keys, by parts of the table where that is enough
  kAllKeys,  // and one of every key
};

struct PullOutcome {
  std::int64_t rows = 0;  // received
  std::vector<std::string> errors;
  bool reached = true;   // false: the upstream gave no answer, or there is no valid token
  bool refused = false;  // columns were refused, or values unknown: the schema may have changed
};

// Brings a principal's replica up to date with the upstream.
//
// Tables are read through the upstream's own API as the principal, so its row-level security
// decides what comes. Where the upstream has the companion, its log says what changed; each other
// table is asked for what its stamps say. Each page, and each window of the log, is applied in a
// transaction of its own, with the pending writes kept on top; a crash between two loses nothing
// and the next pull goes on from there. A table that fails holds no other one back.
// One thread at a time for each Store; blocking.
class Puller {
 public:
  // All references must outlive it.
  Puller(upstream::Upstream& upstream, upstream::CredentialSource& credentials,
         const ReplicaOptions& replica, const PullOptions& options, const Clock& clock,
         std::shared_ptr<Logger> logger);

  // `force`: try although the upstream is known to be offline.
  PullOutcome pull(Store& store, PullDepth depth, bool force = false);

  // Pulls, and then compares every row with the upstream's: see parity.h. nullopt: the upstream
  // cannot be asked for the principal now.
  std::optional<std::vector<TableParity>> compare(Store& store, ProgressCount& progress);

 private:
  struct Round;  // one pull

  // False: the upstream was not reached.
  bool follow_log(Round& round);
  void pull_table(Round& round, const Table& table);
  // Several at a time: an initial sync waits for the upstream most of the time.
  void pull_new_tables(Round& round, const std::vector<const Table*>& tables);

  upstream::Upstream& upstream_;
  upstream::CredentialSource& credentials_;
  const ReplicaOptions& replica_;
  const PullOptions& options_;
  const Clock& clock_;
  const std::shared_ptr<Logger> logger_;
  // Pulls of each principal: even a log cannot tell what a policy makes of the time of day.
  bool compares_now(const Store& store);
  Mutex mutex_;
  std::map<std::string, int> pulls_ HF_GUARDED_BY(mutex_);
  std::atomic<int> without_log_{0};  // pulls to go before the companion's log is looked for again
};

// The column that tells when a row of `table` changed, by configuration or by the name updated_at;
// nullopt when there is none.
std::optional<std::size_t> stamp_column(const Table& table, const TableOptions& options);

}  // namespace holdfast::cache
