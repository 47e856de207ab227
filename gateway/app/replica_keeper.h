#pragma once

#include <memory>
#include <set>
#include <string>

#include "cache/replica/stores.h"
#include "gateway/base/clock.h"
#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"
#include "gateway/base/worker_pool.h"
#include "queue/synchronizer.h"

namespace holdfast::app {

// Decides whose rows are here: those of principals that are away go (hard case 3), a principal that
// comes back or has other claims gets its own, and damaged files are replaced. What is not
// delivered stays whatever happens. Changes that followers were told of long ago are forgotten.
// Thread-safe; check(): one thread at a time.
class ReplicaKeeper {
 public:
  // All references must outlive it.
  ReplicaKeeper(const cache::ReplicaOptions& options, cache::Stores& stores,
                queue::Synchronizer& synchronizer, WorkerPool& workers, const Clock& clock,
                std::shared_ptr<Logger> logger)
      : options_(options),
        stores_(stores),
        synchronizer_(synchronizer),
        workers_(workers),
        clock_(clock),
        logger_(std::move(logger)) {}

  // How often check() is worth its while.
  static std::chrono::milliseconds interval(const cache::ReplicaOptions& options);
  // Slow; disturbs nobody.
  void check();
  // The principal's claims may choose other rows now. Does its work on another thread.
  void fit(const http::Principal& principal);
  // The same of one whose rows were let go.
  void come_back(const http::Principal& principal);

 private:
  void replace_damaged();
  void let_absent_go();
  void make_room();
  void forget_changes();
  bool let_go(const cache::Store& store, const char* why);

  const cache::ReplicaOptions& options_;
  cache::Stores& stores_;
  queue::Synchronizer& synchronizer_;
  WorkerPool& workers_;
  const Clock& clock_;
  const std::shared_ptr<Logger> logger_;
  Mutex mutex_;
  std::set<std::string> coming_ HF_GUARDED_BY(mutex_);  // principals' ids
};

}  // namespace holdfast::app
