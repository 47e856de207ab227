#include "gateway/app/replica_keeper.h"

#include <algorithm>

#include "cache/replica/change_feed.h"

namespace holdfast::app {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kCheck{600'000};
// Whoever asked for something since then is here, however little room there is.
constexpr auto kPresent = 10min;
// The time of the last request is kept as exactly as this.
constexpr auto kUsedKept = 1h;

}  // namespace

std::chrono::milliseconds ReplicaKeeper::interval(const cache::ReplicaOptions& options) {
  if (options.idle_principal == 0ms) return kCheck;
  return std::clamp(options.idle_principal / 4, std::chrono::milliseconds(200), kCheck);
}

void ReplicaKeeper::check() {
  replace_damaged();
  let_absent_go();
  make_room();
  forget_changes();
}

void ReplicaKeeper::replace_damaged() {
  for (const auto& id : stores_.find_damaged()) {
    logger_->error("file_damaged principal={}", id);
    synchronizer_.exclusively([&] { stores_.replace_damaged(id); });
  }
}

void ReplicaKeeper::let_absent_go() {
  if (options_.idle_principal == 0ms) return;
  const Timestamp now = clock_.now();
  for (const auto& store : stores_.all()) {
    if (store->principal().kind != http::Principal::Kind::kUser) continue;
    // Nothing is known of its time before.
    if (store->used_at() == Timestamp()) store->note_used(now);
    if (now - store->used_at() >= options_.idle_principal) {
      let_go(*store, "away");
    } else if (now - store->saved_used_at() >= kUsedKept) {
      store->save_used();
    }
  }
}

void ReplicaKeeper::make_room() {
  if (options_.max_bytes == 0) return;
  auto stores = stores_.all();
  std::uint64_t bytes = 0;
  for (const auto& store : stores) bytes += stores_.size_of(store->principal().id);
  std::sort(stores.begin(), stores.end(),
            [](const auto& a, const auto& b) { return a->used_at() < b->used_at(); });
  for (const auto& store : stores) {
    if (bytes <= options_.max_bytes) return;
    if (store->principal().kind != http::Principal::Kind::kUser) continue;
    if (clock_.now() - store->used_at() < kPresent) return;
    const auto before = stores_.size_of(store->principal().id);
    if (!let_go(*store, "room")) continue;
    bytes -= std::min(bytes, before - std::min(before, stores_.size_of(store->principal().id)));
  }
}

// Whoever follows asks for what is newer; without this what nobody follows any more grew for ever.
void ReplicaKeeper::forget_changes() {
  for (const auto& store : stores_.all()) {
    cache::ChangeFeed(*store).forget(clock_.now() - cache::ChangeFeed::kKept);
  }
}

bool ReplicaKeeper::let_go(const cache::Store& store, const char* why) {
  const std::string id = store.principal().id;
  bool gone = false;
  synchronizer_.exclusively([&] { gone = stores_.let_go_of_rows(id); });
  if (gone) logger_->info("replica_let_go principal={} why={}", id, why);
  return gone;
}

void ReplicaKeeper::fit(const http::Principal& principal) {
  if (!stores_.has_other_parts(principal)) return;
  workers_.post([this, principal] {
    synchronizer_.exclusively([&] {
      if (stores_.has_other_parts(principal)) stores_.reopen(principal);
    });
  });
}

void ReplicaKeeper::come_back(const http::Principal& principal) {
  {
    MutexLock lock(mutex_);
    if (!coming_.insert(principal.id).second) return;
  }
  workers_.post([this, principal] {
    synchronizer_.exclusively([&] {
      const Timestamp now = clock_.now();
      stores_.come_back(principal);
      stores_.open(principal)->note_used(now);
    });
    logger_->info("replica_comes_back principal={}", principal.id);
    synchronizer_.wake_puller(principal.id);
    MutexLock lock(mutex_);
    coming_.erase(principal.id);
  });
}

}  // namespace holdfast::app
