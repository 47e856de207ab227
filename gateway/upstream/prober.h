#pragma once

#include <chrono>
#include <optional>
#include <thread>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/connectivity.h"
#include "gateway/upstream/options.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::upstream {

// Finds out whether the upstream answers when no other call does: every `probe_interval` while it
// is not known to be online, and while it is, after `quiet_limit` without an answer, or
// `silence_limit` while a call waits for one.
//
// start(), stop() and wake(): thread-safe. step(): one thread at a time, the prober's own.
class Prober {
 public:
  // `upstream` must feed `connectivity` (a MonitoredUpstream); all must outlive the Prober. Once
  // started, the Prober in turn must live until no call is made any more: it observes them.
  Prober(Upstream& upstream, Connectivity& connectivity, const UpstreamOptions& options,
         const Clock& clock);
  ~Prober();

  // Probes when it is time, and says in how long to look again.
  std::chrono::milliseconds step();

  // Runs step() on a thread of its own until stop(). A change to offline or unknown wakes it.
  void start();
  // Waits for a probe under way: at most its timeout, less after Upstream::stop().
  void stop();
  void wake();
  // Probes at once, however short ago the last probe was: the network has changed.
  void look_now();

 private:
  // Time until the next probe is due; zero or less when it is.
  std::chrono::milliseconds until_due() const;
  void probe();
  void run();

  Upstream& upstream_;
  Connectivity& connectivity_;
  const UpstreamOptions options_;
  const Clock& clock_;

  std::optional<MonotonicTime> last_probe_;  // the prober's thread only

  Mutex mutex_;
  Condition changed_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  bool woken_ HF_GUARDED_BY(mutex_) = false;
  bool look_now_ HF_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace holdfast::upstream
