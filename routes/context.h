#pragma once

#include <functional>
#include <memory>

#include "cache/replica/options.h"
#include "cache/replica/stores.h"
#include "cache/responses/response_cache.h"
#include "gateway/base/clock.h"
#include "gateway/base/logging.h"
#include "gateway/base/worker_pool.h"
#include "gateway/identity/authenticator.h"
#include "gateway/identity/session_keeper.h"
#include "gateway/upstream/connectivity.h"
#include "gateway/upstream/upstream.h"
#include "queue/synchronizer.h"
#include "routes/options.h"
#include "routes/plan_cache.h"

namespace holdfast::routes {

// What the routes work with. gateway/app builds it; everything outlives the routes.
struct Context {
  cache::Stores& stores;
  identity::Authenticator& authenticator;
  identity::SessionKeeper& sign_ins;
  upstream::Upstream& upstream;
  upstream::Connectivity& connectivity;
  queue::Synchronizer& synchronizer;
  WorkerPool& workers;  // for what waits
  const Clock& clock;
  const cache::ReplicaOptions& replica;
  const RestOptions& rest;
  PlanCache& plans;
  const cache::ResponseCache& responses;
  std::shared_ptr<Logger> logger;
  // The local store is the truth: there is no upstream, writes are acknowledged as they commit.
  bool standalone = false;
  // To be called when the upstream turned out to know what the catalog does not.
  std::function<void()> schema_doubted = {};
  // Somebody asks as a principal whose rows were let go while it was away.
  std::function<void(const http::Principal&)> came_back = {};
  // Serves by another catalog document from now on, and after a start. False when it cannot be
  // read. Unset where the catalog is the upstream's.
  std::function<bool(const std::string& document)> use_catalog = {};
};

}  // namespace holdfast::routes
