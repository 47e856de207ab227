#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "cache/replica/store.h"

namespace holdfast::cache {

// All principals' stores of one data folder, DIR/principals/ID.db.
//
// A Store stays alive as long as somebody holds it, also across a change of the catalog, which
// opens each one anew. Thread-safe.
class Stores {
 public:
  // Called with each Store before anybody else gets it, without a lock.
  using Opened = std::function<void(Store&)>;

  // `folder` is made when missing. `default_schema` tells for which names `options` need no schema.
  Stores(std::string folder, const ReplicaOptions& options, std::string default_schema,
         Opened opened);

  // Opens every store that has a file, and from now on uses this catalog.
  void set_catalog(const std::shared_ptr<const Catalog>& catalog);
  std::shared_ptr<const Catalog> catalog() const;

  // The principal's store, opened or made when it is not open yet.
  std::shared_ptr<Store> open(const http::Principal& principal);
  // Waits while the stores are being replaced: one that is missing for a moment would look like one
  // with nothing to send. Not to be called by `opened`.
  std::vector<std::shared_ptr<Store>> all() const;

 private:
  std::vector<const Table*> replicated_tables(const Catalog& catalog,
                                              const http::Principal& principal) const;
  std::shared_ptr<Store> make(const http::Principal& principal,
                              std::shared_ptr<const Catalog> catalog) const;
  std::vector<http::Principal> principals_on_disk() const;

  const std::string folder_;
  const ReplicaOptions& options_;
  const std::string default_schema_;
  const Opened opened_;
  mutable Mutex opening_;  // one at a time opens; held around mutex_
  mutable Mutex mutex_;
  std::shared_ptr<const Catalog> catalog_ HF_GUARDED_BY(mutex_);
  std::map<std::string, std::shared_ptr<Store>> stores_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::cache
