// Those who wait for a queue to come to an end, and what there is to wait for.
#include <algorithm>

#include "queue/synchronizer.h"

namespace holdfast::queue {

bool Synchronizer::flows(cache::Store& store, cache::Database& database) const {
  {
    MutexLock lock(mutex_);
    if (stopping_ || paused_) return false;
  }
  return Outbox(store.overlay()).flows(database);
}

bool Synchronizer::rests(cache::Store& store, cache::Database& database) const {
  {
    MutexLock lock(mutex_);
    if (stopping_ || paused_) return false;
  }
  return !Outbox(store.overlay()).any_on_its_way(database);
}

bool Synchronizer::wait_until_drained(cache::Store& store, std::chrono::milliseconds limit) {
  return wait_for_queue(limit, [&store] {
    auto reader = store.reader();
    return Outbox(store.overlay()).empty(*reader);
  });
}

bool Synchronizer::wait_for_turn(cache::Store& store, const std::string& relation,
                                 std::chrono::milliseconds limit) {
  const bool sent = wait_for_queue(limit, [&store] {
    auto reader = store.reader();
    return !Outbox(store.overlay()).any_on_its_way(*reader);
  });
  auto reader = store.reader();
  return sent && !Outbox(store.overlay()).touches(*reader, relation);
}

bool Synchronizer::wait_until_sent(cache::Store& store, std::chrono::milliseconds limit) {
  return wait_for_queue(limit, [&store] {
    auto reader = store.reader();
    const Outbox outbox(store.overlay());
    return !outbox.any_in(*reader, State::kQueued) && !outbox.any_in(*reader, State::kSending);
  });
}

bool Synchronizer::wait_for_queue(std::chrono::milliseconds limit,
                                  const std::function<bool()>& done) {
  const MonotonicTime end = clock_.monotonic() + limit;
  for (;;) {
    if (done()) return true;
    MutexLock lock(mutex_);
    const auto left = end - clock_.monotonic();
    if (left <= left.zero() || stopping_ || paused_) return false;
    // The queue may have changed between the look and the lock: look again soon.
    drained_.wait_for(mutex_,
                      std::min<MonotonicTime::duration>(left, std::chrono::milliseconds(20)));
  }
}

}  // namespace holdfast::queue
