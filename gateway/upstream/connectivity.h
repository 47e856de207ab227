#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <set>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/options.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::upstream {

// The one owner of the word "online", fed by the outcome of every call.
//
// Online means that the upstream gave an HTTP answer; neither an accepted TCP connection nor libpq
// counts. A call that never left means offline. A lost answer alone only raises doubt (kUnknown,
// calls go on); a second failure in a row means offline, and so does one while another call has
// waited for silence_limit without any answer.
// Thread-safe.
class Connectivity {
 public:
  enum class State { kUnknown, kOnline, kOffline };
  using Observer = std::function<void(State)>;

  struct Snapshot {
    State state = State::kUnknown;
    std::optional<std::chrono::microseconds> latency;  // smoothed over the last answers
    std::optional<Timestamp> last_seen;                // of the newest answer
    bool by_choice = false;                            // a person took it offline
  };

  // `clock` must outlive the Connectivity.
  Connectivity(const UpstreamOptions& options, const Clock& clock);

  // `observer` is called after each change of state, by the thread that caused it, without a lock.
  void observe(Observer observer);

  // A person takes the machine offline: it stays so, whatever answers, until choose_online(), and
  // no call goes out in between, not even a forced one.
  void choose_offline();
  // Calls go out again, and the first answer tells whether the upstream is there.
  void choose_online();
  bool offline_by_choice() const { return snapshot().by_choice; }

  // Whether a call shall be tried: always unless offline. While offline one call is let through in
  // each pause, which follows the cost of the last failure; where that reaches `retry_after` none
  // is, and the prober finds out. So apps get their offline answer at once, and recovery is noticed
  // without waiting for a probe where looking is cheap.
  bool should_attempt();

  // `observer` is called when a call begins to wait and none did, by its thread, without a lock.
  void observe_waiting(std::function<void()> observer);
  // A call waits for its answer until it has ended.
  void call_begins(MonotonicTime began);
  void call_ended(MonotonicTime began);
  // Since when a call waits and nothing has been answered; nullopt when none waits.
  std::optional<MonotonicTime> silent_since() const;

  // The upstream answered a call that began at `began`.
  void answered(MonotonicTime began);
  // A call that began at `began` failed. A lost answer older than the newest answer is ignored.
  void failed(Loss loss, MonotonicTime began);

  Snapshot snapshot() const;
  bool online() const { return snapshot().state == State::kOnline; }
  bool offline() const { return snapshot().state == State::kOffline; }
  // When the newest answer came; nullopt before the first.
  std::optional<MonotonicTime> last_answer() const;

 private:
  std::optional<MonotonicTime> silence() const HF_REQUIRES(mutex_);
  // Sets the state; the observers to tell when it was another.
  std::vector<Observer> change(State next) HF_REQUIRES(mutex_);

  const std::chrono::milliseconds retry_after_;
  const std::chrono::milliseconds silence_limit_;
  const Clock& clock_;

  mutable Mutex mutex_;
  std::vector<Observer> observers_ HF_GUARDED_BY(mutex_);
  Snapshot snapshot_ HF_GUARDED_BY(mutex_);
  std::optional<MonotonicTime> last_answer_ HF_GUARDED_BY(mutex_);
  std::optional<MonotonicTime> last_attempt_ HF_GUARDED_BY(mutex_);
  std::function<void()> waiting_observer_ HF_GUARDED_BY(mutex_);
  std::multiset<MonotonicTime> waiting_ HF_GUARDED_BY(mutex_);  // since when calls wait
  MonotonicTime::duration pause_ HF_GUARDED_BY(mutex_){};
};

}  // namespace holdfast::upstream
