#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "gateway/base/logging.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/upstream.h"
#include "queue/synchronizer.h"

namespace holdfast::app {

struct CatalogOptions {
  std::string db_url;  // read over libpq when it is set
  // Else by the upstream's holdfast_catalog(), else from its OpenAPI description, with this key.
  std::string api_key;
  std::vector<std::string> schemas;  // to be served, the default one first
  // Whether a database may be asked now; unset: always. The upstream says so by itself.
  std::function<bool()> may_connect = {};
};

// Keeps the stores' catalog that of the upstream: the kept one at once, the current one as soon as
// it can be read, and again from time to time, since schemas change.
//
// Thread-safe but for refresh(): one thread at a time.
class CatalogKeeper {
 public:
  // All references must outlive it.
  CatalogKeeper(CatalogOptions options, upstream::Upstream& upstream, cache::ProjectFile& file,
                cache::Stores& stores, queue::Synchronizer& synchronizer,
                std::shared_ptr<Logger> logger);
  ~CatalogKeeper();

  // Uses the document of the last run; false when there is none.
  bool load_kept();
  // Reads the upstream's and uses it where it differs. False when it cannot be read now.
  bool refresh();
  // Uses the document, and keeps it, until another one is read. False when it cannot be read.
  bool take(const std::string& document);

  // Refreshes on a thread of its own until stop().
  void start();
  void stop();
  // The upstream can be reached again.
  void wake();
  // It seems to have changed. Soon after a look that was of no use nothing is done.
  void doubt();

 private:
  Result<std::string> read_document();
  Result<std::string> read_from_companion();
  Result<std::string> read_from_openapi();
  bool use(const std::string& document);
  void run();

  const CatalogOptions options_;
  upstream::Upstream& upstream_;
  cache::ProjectFile& file_;
  cache::Stores& stores_;
  queue::Synchronizer& synchronizer_;
  const std::shared_ptr<Logger> logger_;
  Mutex using_;
  std::string hash_ HF_GUARDED_BY(using_);  // of the catalog in use
  std::atomic<bool> has_whole_ = false;     // the catalog in use is there and not partial

  Mutex mutex_;
  Condition changed_;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  bool woken_ HF_GUARDED_BY(mutex_) = false;
  std::optional<std::chrono::steady_clock::time_point> doubted_ HF_GUARDED_BY(mutex_);
  std::thread thread_;
};

}  // namespace holdfast::app
