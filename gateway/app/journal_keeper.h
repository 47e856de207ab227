#pragma once

#include <map>
#include <memory>
#include <string>

#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "gateway/base/clock.h"
#include "gateway/base/logging.h"
#include "gateway/base/periodic_task.h"
#include "gateway/upstream/connectivity.h"
#include "gateway/upstream/credentials.h"
#include "queue/companion.h"
#include "queue/journal.h"

namespace holdfast::app {

// Looks after the principals' journals: keeps their heads in project.db and, with the companion, at
// the upstream, where nobody who has this machine can change them; seals what is old.
//
// A thread of its own from start() to stop().
class JournalKeeper {
 public:
  // All must outlive it.
  struct Surroundings {
    cache::Stores& stores;
    cache::ProjectFile& file;
    queue::Journal& journal;
    upstream::Upstream& upstream;
    upstream::CredentialSource& credentials;
    const queue::Companion& companion;
    const upstream::Connectivity& connectivity;
    const Clock& clock;
  };
  JournalKeeper(const Surroundings& surroundings, std::shared_ptr<Logger> logger);

  void start() { task_.start(); }
  // Keeps the heads once more. When nobody writes any more.
  void stop();

 private:
  void keep();
  void cut_old(cache::Store& store, Timestamp now);
  void mirror_head(cache::Store& store);

  const Surroundings surroundings_;
  const std::shared_ptr<Logger> logger_;
  Timestamp cut_at_{};
  std::map<std::string, std::int64_t> mirrored_;  // the newest numbers, by principal
  PeriodicTask task_;                             // last: its thread uses the rest
};

}  // namespace holdfast::app
