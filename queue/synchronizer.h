#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cache/pull/puller.h"
#include "cache/replica/stores.h"
#include "gateway/base/clock.h"
#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"
#include "queue/dispatcher.h"

namespace holdfast::queue {

// Decides when each principal's queue is drained and its replica pulled, and runs both, each on a
// thread of its own: a slow pull holds no write back.
//
// Queues are drained after a local write, when a token arrives, when the upstream answers again,
// when an entry's wait is over, and every flush_interval; replicas are pulled when they are opened,
// every interval, after writes, and when the upstream answers again.
// Thread-safe.
class Synchronizer {
 public:
  // All references must outlive it. start() begins; until then only sync_now() works.
  Synchronizer(cache::Stores& stores, Dispatcher& dispatcher, cache::Puller& puller,
               const DispatcherOptions& dispatcher_options, const cache::PullOptions& pull_options,
               const Clock& clock, std::shared_ptr<Logger> logger);
  ~Synchronizer();

  // `observer` is called, on the pulling thread, after a pull in which a table was refused, and
  // at each sync_now(). Before
  // start().
  void observe_refusals(std::function<void()> observer) { refused_ = std::move(observer); }
  // `observer` is called after every pull that reached the upstream, by whoever pulled. Before
  // start().
  using PullObserver = std::function<void(const cache::PullOutcome&, MonotonicTime::duration)>;
  void observe_pulls(PullObserver observer) { pulled_ = std::move(observer); }

  void start();
  // Waits for the request under way: stop the Upstream first.
  void stop();

  // Something may be sent.
  void wake_dispatcher();
  // Sends what the store's queue holds, for somebody who waits for an answer; returns at once where
  // another call is about to do so. Blocking.
  void send_now(cache::Store& store);
  // Whether the store's queue is being sent, so that an answer may be waited for.
  bool flows(cache::Store& store, cache::Database& database) const;
  // Whether nothing in it goes on by itself: what waits for a person keeps no other answer back.
  bool rests(cache::Store& store, cache::Database& database) const;
  Awaited& awaited() { return dispatcher_.awaited(); }
  // The principal's replica is to be pulled at once.
  void wake_puller(const std::string& principal_id);
  void upstream_reached();
  void token_arrived(const std::string& principal_id);

  struct SyncNow {
    std::int64_t uploaded = 0;
    std::int64_t downloaded = 0;
    std::vector<std::string> errors;
  };
  // Tries every queue once and pulls every replica with a comparison of keys, though the upstream
  // be known to be offline and syncing be paused. Blocking.
  SyncNow sync_now();

  // Compares every replica with the upstream after a pull; by principal. Blocking, for as long as
  // reading all rows takes; one call at a time.
  using Replicas = std::map<std::string, std::optional<std::vector<cache::TableParity>>>;
  Replicas compare_all();
  // Of the call under way, else of the last one, in rows.
  ProgressCount::State compared() const { return compared_.state(); }

  // Runs `work` while no store is drained or pulled: for what replaces the stores. An entry that
  // is being sent would otherwise be taken for one that a crash had left. Waits for the calls
  // under way.
  void exclusively(const std::function<void()>& work);

  void pause();
  void resume();

  // Waits until the principal's queue is empty, at most `limit`; whether it is. Blocking.
  bool wait_until_drained(cache::Store& store, std::chrono::milliseconds limit);
  // Waits until no entry is on its way that a write to `relation` could overtake, and none is
  // parked that it would overtake (hard case 5); whether there is none. Blocking.
  bool wait_for_turn(cache::Store& store, const std::string& relation,
                     std::chrono::milliseconds limit);
  // The same for entries that are on their way: those that wait for a time, a token or a person do
  // not count.
  bool wait_until_sent(cache::Store& store, std::chrono::milliseconds limit);

  struct Snapshot {
    bool paused = false;
    bool is_syncing = false;
    std::optional<Timestamp> last_sync;  // end of the last pull without an error
    std::optional<std::string> last_error;
    std::optional<Timestamp> next_attempt_at;
  };
  Snapshot snapshot() const;

 private:
  // A store's queue is drained by one thread at a time, and its rows are pulled by one.
  struct StoreLocks {
    Mutex drain;
    Mutex pull;
    std::atomic<bool> drain_comes{false};  // send_now() waits for the drain's turn
    int faults HF_GUARDED_BY(drain) = 0;   // of drains in a row
  };

  void dispatch_loop();
  void pull_loop();
  bool wait_for_queue(std::chrono::milliseconds limit, const std::function<bool()>& done);
  // Drains every queue; the moment of the next thing to do.
  MonotonicTime dispatch_all();
  std::chrono::microseconds clock_lead() const;
  // Whether the wall clock was set since the last call, or the machine slept.
  bool clock_was_set();
  MonotonicTime pull_due();
  void pull_soon(const std::string& principal_id);
  void forget_absent(const std::vector<std::shared_ptr<cache::Store>>& stores);
  using Draining = std::function<DrainOutcome(cache::Store&)>;
  // Runs `work` on the store of this principal that is open then, in its turn. A fault is told in
  // the outcome, with the time to try again.
  DrainOutcome in_turn(const cache::Store& store, const Draining& work);
  // The same, with a pull of what the upstream made of it.
  DrainOutcome drain(const cache::Store& store, const Draining& work);
  cache::PullOutcome pull(const cache::Store& store, cache::PullDepth depth, bool force);
  StoreLocks& locks_of(const cache::Store& store);

  cache::Stores& stores_;
  Dispatcher& dispatcher_;
  cache::Puller& puller_;
  const DispatcherOptions dispatcher_options_;
  const cache::PullOptions pull_options_;
  const Clock& clock_;
  const std::shared_ptr<Logger> logger_;
  std::function<void()> refused_;
  PullObserver pulled_;
  std::optional<MonotonicTime> forgot_at_;   // the dispatching thread only
  std::optional<MonotonicTime> watched_at_;  // the same
  // How far the wall clock is ahead of the monotonic one; the same.
  std::chrono::microseconds clock_lead_;

  Mutex compares_;
  ProgressCount compared_;

  mutable Mutex mutex_;
  Condition dispatch_changed_;
  Condition pull_changed_;
  Condition drained_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  bool paused_ HF_GUARDED_BY(mutex_) = false;
  bool dispatch_wanted_ HF_GUARDED_BY(mutex_) = true;
  int busy_ HF_GUARDED_BY(mutex_) = 0;
  std::map<std::string, MonotonicTime> pull_at_ HF_GUARDED_BY(mutex_);
  std::map<std::string, StoreLocks> store_locks_ HF_GUARDED_BY(mutex_);
  std::optional<Timestamp> last_sync_ HF_GUARDED_BY(mutex_);
  std::optional<std::string> last_error_ HF_GUARDED_BY(mutex_);
  std::optional<Timestamp> next_attempt_at_ HF_GUARDED_BY(mutex_);
  std::thread answers_thread_;
  std::thread dispatch_thread_;
  std::thread pull_thread_;
};

}  // namespace holdfast::queue
