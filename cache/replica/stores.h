#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cache/replica/options.h"
#include "cache/replica/salvage.h"
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

  // `folder` is made when missing.
  Stores(std::string folder, const ReplicaOptions& options, Opened opened);

  // `observer` hears of each damaged file that was replaced, on the thread that found it. Before
  // the first set_catalog() or open().
  void observe_salvages(std::function<void(const Salvage&)> observer) {
    salvaged_ = std::move(observer);
  }

  // Reads the files that a crash has left open, once and to their end: the ids of the principals
  // whose file is damaged. Slow, and disturbs nobody.
  std::vector<std::string> find_damaged();
  // Repairs the file of a principal, when the holders of its Store have let go of it; where they
  // do not within `patience`, the next start will. While nothing is drained or pulled.
  void replace_damaged(const std::string& principal_id,
                       std::chrono::milliseconds patience = std::chrono::seconds(5));

  // Opens every store that has a file, and from now on uses this catalog.
  void set_catalog(const std::shared_ptr<const Catalog>& catalog);
  std::shared_ptr<const Catalog> catalog() const;

  // The principal's store, opened or made when it is not open yet.
  std::shared_ptr<Store> open(const http::Principal& principal);
  // Whether the principal's claims of now choose other rows than those that its store keeps.
  bool has_other_parts(const http::Principal& principal) const;
  // Opens the principal's store again, for its claims of now. While nothing is drained or pulled.
  void reopen(const http::Principal& principal);
  // Hard case 3. Lets the rows go of a principal that is away, and makes its file small; whether it
  // had any. While nothing is drained or pulled, as is the next one.
  bool let_go_of_rows(const std::string& principal_id);
  // It is here again: its rows are replicated anew.
  void come_back(const http::Principal& principal);
  // Whether the principal's rows were let go.
  bool is_absent(const std::string& principal_id) const;
  // Of the principal's file and what belongs to it, in bytes.
  std::uint64_t size_of(const std::string& principal_id) const;
  // Waits while the stores are being replaced: one that is missing for a moment would look like one
  // with nothing to send. Not to be called by `opened`.
  std::vector<std::shared_ptr<Store>> all() const;
  // The same without those that are just being opened: may be asked within a Transaction.
  std::vector<std::shared_ptr<Store>> opened() const;

 private:
  struct Replicated {
    std::vector<const Table*> tables;
    Store::Parts parts;
  };
  Replicated replicated_tables(const Catalog& catalog, const http::Principal& principal) const;
  std::shared_ptr<Store> make(const http::Principal& principal,
                              std::shared_ptr<const Catalog> catalog) HF_REQUIRES(opening_);
  std::vector<http::Principal> principals_on_disk() HF_REQUIRES(opening_);
  // Before a file is first opened: what was begun is ended, and a file that was left open is looked
  // at as far as nothing may be served without.
  void prepare(const std::string& path) HF_REQUIRES(opening_);
  void repair(const std::string& path) const;
  std::string path_of(const std::string& principal_id) const;

  const std::string folder_;
  const ReplicaOptions& options_;
  const Opened opened_;
  std::function<void(const Salvage&)> salvaged_;
  mutable Mutex opening_;  // one at a time opens; held around mutex_
  std::set<std::string> prepared_ HF_GUARDED_BY(opening_);  // paths
  std::set<std::int64_t> ranges_ HF_GUARDED_BY(opening_);   // of temporary ids
  mutable Mutex mutex_;
  std::shared_ptr<const Catalog> catalog_ HF_GUARDED_BY(mutex_);
  std::set<std::string> unchecked_ HF_GUARDED_BY(mutex_);  // principals' ids
  std::set<std::string> absent_ HF_GUARDED_BY(mutex_);     // the same
  std::map<std::string, std::shared_ptr<Store>> stores_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::cache
