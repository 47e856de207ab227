#include "queue/synchronizer.h"

#include <algorithm>
#include <utility>

#include "gateway/base/thread_priority.h"

namespace holdfast::queue {
namespace {

// After a fault (a failing disk, a bug) a loop waits so long before it tries again.
constexpr auto kFaultPause = std::chrono::seconds(5);
// A queue is tried again sooner, as what was being sent is not known to have taken effect: at
// first after this, then doubled up to kFaultPause.
constexpr auto kFirstFaultPause = std::chrono::milliseconds(250);
// What the upstream made of our writes elsewhere (triggers) is read when they have paused so long.
constexpr auto kPullAfterWrite = std::chrono::milliseconds(500);
// A store is known to all at most so long after it was opened.
constexpr auto kStoreOpens = std::chrono::milliseconds(100);
// How often delivered entries are cleared away.
constexpr auto kForgetInterval = std::chrono::hours(1);
// How often the watchdog looks at the queues.
constexpr auto kWatchInterval = std::chrono::minutes(1);
constexpr auto kClockJump = std::chrono::seconds(5);  // a difference that is no drift

std::chrono::milliseconds pause_after(int faults) {
  return std::min<std::chrono::milliseconds>(kFaultPause,
                                             kFirstFaultPause * (1 << std::min(faults - 1, 8)));
}

}  // namespace

Synchronizer::Synchronizer(cache::Stores& stores, Dispatcher& dispatcher, cache::Puller& puller,
                           const DispatcherOptions& dispatcher_options,
                           const cache::PullOptions& pull_options, const Clock& clock,
                           std::shared_ptr<Logger> logger)
    : stores_(stores),
      dispatcher_(dispatcher),
      puller_(puller),
      dispatcher_options_(dispatcher_options),
      pull_options_(pull_options),
      clock_(clock),
      logger_(std::move(logger)),
      clock_lead_(clock_lead()) {
  dispatcher_.know_stores([this] { return stores_.all(); });
}

Synchronizer::~Synchronizer() {
  stop();
  // The end of a writer's turn may still wake what is gone afterwards.
  for (const auto& store : stores_.all()) store->writer().finish();
}

void Synchronizer::start() {
  answers_thread_ = std::thread([this] { awaited().run(); });
  dispatch_thread_ = std::thread([this] { dispatch_loop(); });
  pull_thread_ = std::thread([this] { pull_loop(); });
}

void Synchronizer::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  dispatch_changed_.notify_all();
  pull_changed_.notify_all();
  drained_.notify_all();
  awaited().stop();
  if (answers_thread_.joinable()) answers_thread_.join();
  if (dispatch_thread_.joinable()) dispatch_thread_.join();
  if (pull_thread_.joinable()) pull_thread_.join();
}

void Synchronizer::wake_dispatcher() {
  {
    MutexLock lock(mutex_);
    dispatch_wanted_ = true;
  }
  dispatch_changed_.notify_one();
}

void Synchronizer::send_now(cache::Store& store) {
  StoreLocks& locks = locks_of(store);
  if (locks.drain_comes.exchange(true)) return;
  const DrainOutcome outcome = in_turn(store, [&](cache::Store& open) {
    locks.drain_comes = false;
    return dispatcher_.drain(open, false);
  });
  drained_.notify_all();
  if (outcome.next_due) wake_dispatcher();
  if (outcome.uploaded > 0) pull_soon(store.principal().id);
}

void Synchronizer::wake_puller(const std::string& principal_id) {
  {
    MutexLock lock(mutex_);
    pull_at_[principal_id] = MonotonicTime::min();
  }
  pull_changed_.notify_one();
}

void Synchronizer::upstream_reached() {
  for (const auto& store : stores_.all()) {
    dispatcher_.upstream_reached(*store);
    wake_puller(store->principal().id);
  }
  wake_dispatcher();
}

void Synchronizer::token_arrived(const std::string& principal_id) {
  for (const auto& store : stores_.all()) {
    if (store->principal().id != principal_id) continue;
    dispatcher_.token_arrived(*store);
    wake_puller(principal_id);
    wake_dispatcher();
  }
}

Synchronizer::SyncNow Synchronizer::sync_now() {
  SyncNow result;
  if (refused_) refused_();  // somebody looks for what is new: a schema may be
  for (const auto& store : stores_.all()) {
    auto drained = drain(*store, [&](cache::Store& open) { return dispatcher_.drain(open, true); });
    result.uploaded += drained.uploaded;
    std::move(drained.errors.begin(), drained.errors.end(), std::back_inserter(result.errors));
    auto pulled = pull(*store, cache::PullDepth::kKeys, true);
    result.downloaded += pulled.rows;
    std::move(pulled.errors.begin(), pulled.errors.end(), std::back_inserter(result.errors));
  }
  return result;
}

Synchronizer::Replicas Synchronizer::compare_all() {
  MutexLock one_at_a_time(compares_);
  compared_.clear();
  const auto stores = stores_.all();
  for (const auto& store : stores) {
    for (const cache::Table* table : store->replicated()) {
      compared_.expect(cache::rows_to_compare(*store, *table));
    }
  }
  Replicas replicas;
  for (const auto& store : stores) {
    if (store->replicated().empty()) continue;
    MutexLock turn(locks_of(*store).pull);
    replicas[store->principal().id] = puller_.compare(*stores_.open(store->principal()), compared_);
  }
  return replicas;
}

void Synchronizer::pause() {
  MutexLock lock(mutex_);
  paused_ = true;
}

void Synchronizer::resume() {
  {
    MutexLock lock(mutex_);
    paused_ = false;
    dispatch_wanted_ = true;
  }
  dispatch_changed_.notify_all();
  pull_changed_.notify_all();
}

Synchronizer::Snapshot Synchronizer::snapshot() const {
  MutexLock lock(mutex_);
  return {paused_, busy_ > 0, last_sync_, last_error_, next_attempt_at_};
}

void Synchronizer::dispatch_loop() {
  MonotonicTime next = clock_.monotonic();
  for (;;) {
    {
      MutexLock lock(mutex_);
      while (!stopping_ && (paused_ || (!dispatch_wanted_ && clock_.monotonic() < next))) {
        dispatch_changed_.wait_for(
            mutex_, paused_ ? MonotonicTime::duration(std::chrono::hours(1))
                            : std::max(next - clock_.monotonic(), MonotonicTime::duration::zero()));
      }
      if (stopping_) return;
      dispatch_wanted_ = false;
    }
    try {
      next = dispatch_all();
    } catch (const std::exception& fault) {
      logger_->error("dispatch_fault reason={}", fault.what());
      next = clock_.monotonic() + kFaultPause;
    }
    drained_.notify_all();
  }
}

MonotonicTime Synchronizer::dispatch_all() {
  std::optional<Timestamp> due;
  const bool forget = !forgot_at_ || clock_.monotonic() - *forgot_at_ >= kForgetInterval;
  if (forget) forgot_at_ = clock_.monotonic();
  const bool watch = !watched_at_ || clock_.monotonic() - *watched_at_ >= kWatchInterval;
  if (watch) watched_at_ = clock_.monotonic();
  const bool set = clock_was_set();
  for (const auto& store : stores_.all()) {
    const auto outcome = drain(*store, [&](cache::Store& open) {
      if (forget) dispatcher_.forget_delivered(open);
      if (watch) dispatcher_.watch(open);
      if (set) dispatcher_.clock_was_set(open);
      return dispatcher_.drain(open, false);
    });
    if (outcome.next_due && (!due || *outcome.next_due < *due)) due = outcome.next_due;
  }
  const Timestamp now = clock_.now();
  auto wait =
      std::chrono::duration_cast<MonotonicTime::duration>(dispatcher_options_.flush_interval);
  if (due) {
    // Never in the past: an entry that could be sent at once would have been.
    const auto until = std::max<Timestamp::duration>(*due - now, std::chrono::milliseconds(5));
    wait = std::min(wait, std::chrono::duration_cast<MonotonicTime::duration>(until));
  }
  MutexLock lock(mutex_);
  next_attempt_at_ = due ? std::optional(std::max(*due, now)) : std::nullopt;
  return clock_.monotonic() + wait;
}

std::chrono::microseconds Synchronizer::clock_lead() const {
  return std::chrono::duration_cast<std::chrono::microseconds>(
      clock_.now().time_since_epoch() - clock_.monotonic().time_since_epoch());
}

bool Synchronizer::clock_was_set() {
  const auto jump = clock_lead() - std::exchange(clock_lead_, clock_lead());
  return jump > kClockJump || jump < -kClockJump;
}

void Synchronizer::pull_loop() {
  // Reads go first: what is pulled is committed by the writer's thread.
  yield_to_other_threads();
  MonotonicTime next = clock_.monotonic();
  for (;;) {
    {
      MutexLock lock(mutex_);
      const auto soonest = [&]() HF_REQUIRES(mutex_) {
        MonotonicTime at = next;
        for (const auto& [id, due] : pull_at_) at = std::min(at, due);
        return at;
      };
      while (!stopping_ && (paused_ || clock_.monotonic() < soonest())) {
        pull_changed_.wait_for(mutex_, paused_ ? MonotonicTime::duration(std::chrono::hours(1))
                                               : std::max(soonest() - clock_.monotonic(),
                                                          MonotonicTime::duration::zero()));
      }
      if (stopping_) return;
    }
    try {
      next = pull_due();
    } catch (const std::exception& fault) {
      logger_->error("pull_fault reason={}", fault.what());
      next = clock_.monotonic() + kFaultPause;
    }
  }
}

MonotonicTime Synchronizer::pull_due() {
  MonotonicTime next = clock_.monotonic() + pull_options_.interval;
  const auto stores = stores_.all();
  forget_absent(stores);
  for (const auto& store : stores) {
    const std::string& id = store->principal().id;
    const MonotonicTime now = clock_.monotonic();
    {
      MutexLock lock(mutex_);
      if (stopping_) return next;
      const auto at = pull_at_.try_emplace(id, now).first;
      if (at->second > now) {
        next = std::min(next, at->second);
        continue;
      }
      // Set before the pull begins: whoever asks for another meanwhile gets one.
      at->second = now + pull_options_.interval;
      next = std::min(next, at->second);
    }
    pull(*store, cache::PullDepth::kChanges, false);
  }
  return next;
}

// Who has no store any more is never pulled, and would always be due. One that is only being opened
// has been woken already, so it is looked at once more.
void Synchronizer::forget_absent(const std::vector<std::shared_ptr<cache::Store>>& stores) {
  const MonotonicTime now = clock_.monotonic();
  MutexLock lock(mutex_);
  for (auto at = pull_at_.begin(); at != pull_at_.end();) {
    const bool open = std::any_of(stores.begin(), stores.end(), [&](const auto& store) {
      return store->principal().id == at->first;
    });
    if (open || at->second > now) {
      ++at;
    } else if (at->second == MonotonicTime::min()) {
      at->second = now + kStoreOpens;
    } else {
      at = pull_at_.erase(at);
    }
  }
}

DrainOutcome Synchronizer::in_turn(const cache::Store& store, const Draining& work) {
  StoreLocks& locks = locks_of(store);
  MutexLock turn(locks.drain);
  try {
    // Another catalog may have opened the file anew while the turn was waited for.
    const auto open = stores_.open(store.principal());
    DrainOutcome outcome = work(*open);
    locks.faults = 0;
    return outcome;
  } catch (const std::exception& fault) {
    // One queue's fault is not to hold up the others, and nothing else would wake this one.
    logger_->error("dispatch_fault principal={} reason={}", store.principal().id, fault.what());
    locks.drain_comes = false;
    DrainOutcome outcome;
    outcome.errors.emplace_back(fault.what());
    outcome.next_due = clock_.now() + pause_after(++locks.faults);
    return outcome;
  }
}

DrainOutcome Synchronizer::drain(const cache::Store& store, const Draining& work) {
  bool more_done = false;  // than is known here (hard case 16)
  auto outcome = in_turn(store, [&](cache::Store& open) {
    const std::int64_t unseen = open.forwarded_writes();
    auto drained = work(open);
    more_done = open.forwarded_writes() != unseen;
    return drained;
  });
  if (more_done) {
    wake_puller(store.principal().id);
  } else if (outcome.uploaded > 0) {
    pull_soon(store.principal().id);
  }
  return outcome;
}

void Synchronizer::pull_soon(const std::string& principal_id) {
  const MonotonicTime at = clock_.monotonic() + kPullAfterWrite;
  {
    MutexLock lock(mutex_);
    const auto [known, fresh] = pull_at_.try_emplace(principal_id, at);
    if (!fresh) known->second = std::min(known->second, at);
  }
  pull_changed_.notify_one();
}

cache::PullOutcome Synchronizer::pull(const cache::Store& store, cache::PullDepth depth,
                                      bool force) {
  MutexLock turn(locks_of(store).pull);
  {
    MutexLock lock(mutex_);
    ++busy_;
  }
  const MonotonicTime began = clock_.monotonic();
  cache::PullOutcome outcome;
  try {
    // Another catalog may have opened the file anew while the turn was waited for.
    outcome = puller_.pull(*stores_.open(store.principal()), depth, force);
  } catch (const std::exception& fault) {
    outcome.errors.push_back(fault.what());
    logger_->error("pull_fault principal={} reason={}", store.principal().id, fault.what());
  }
  if (outcome.refused && refused_) refused_();
  if (outcome.reached && pulled_) pulled_(outcome, clock_.monotonic() - began);
  MutexLock lock(mutex_);
  --busy_;
  if (!outcome.reached && outcome.errors.empty()) return outcome;
  if (outcome.errors.empty()) {
    last_sync_ = clock_.now();
    last_error_.reset();
  } else {
    last_error_ = outcome.errors.front();
  }
  return outcome;
}

void Synchronizer::exclusively(const std::function<void()>& work) {
  // Pulls may be long; while one is waited for, queues go on being drained.
  std::vector<std::unique_ptr<MutexLock>> turns;
  const auto stores = stores_.all();
  turns.reserve(2 * stores.size());
  for (const auto& store : stores) {
    turns.push_back(std::make_unique<MutexLock>(locks_of(*store).pull));
  }
  for (const auto& store : stores) {
    turns.push_back(std::make_unique<MutexLock>(locks_of(*store).drain));
  }
  work();
}

Synchronizer::StoreLocks& Synchronizer::locks_of(const cache::Store& store) {
  MutexLock lock(mutex_);
  return store_locks_[store.principal().id];
}

}  // namespace holdfast::queue
