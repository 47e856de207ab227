#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cache/catalog/catalog.h"
#include "cache/replica/claims_epoch.h"
#include "cache/replica/learned_indexes.h"
#include "cache/replica/overlay.h"
#include "cache/replica/part.h"
#include "cache/replica/reader_pool.h"
#include "cache/replica/schema_change.h"
#include "cache/sqlite/writer.h"
#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/http/principal.h"

namespace holdfast::cache {

// How far the replica of one table is.
enum class TableStatus {
  kNotReplicated,  // by configuration, or a kind that is not replicated
  kSyncing,        // the initial sync is not done: reads are forwarded
  kComplete,
  kDenied,  // the principal may not read it: answered as the upstream did
};

// The upstream's own answer to a read that it denied.
struct Denial {
  int status;
  std::string body;
};

// One principal's database file: its replica, the overlay of its pending writes, its outbox.
//
// A Store belongs to one version of the catalog. Thread-safe.
class Store {
 public:
  using Parts = std::map<const Table*, Part>;

  // Opens or makes `path`, migrates it and makes the replica tables of `replicated` (tables of
  // `catalog`); of those in `parts` only these rows are kept. Throws SqliteError or SchemaTooNew.
  Store(const std::string& path, http::Principal principal, std::shared_ptr<const Catalog> catalog,
        const std::vector<const Table*>& replicated, Parts parts = {});

  // When somebody last asked for something as the principal; the time is kept by save_used().
  void note_used(Timestamp now) { used_at_ = now.time_since_epoch().count(); }
  Timestamp used_at() const { return Timestamp(std::chrono::microseconds(used_at_)); }
  void save_used();
  Timestamp saved_used_at() const { return Timestamp(std::chrono::microseconds(saved_used_at_)); }
  // Hard case 3: the rows go, and what is not delivered stays and is still shown. Opened again, the
  // store replicates nothing until come_back().
  void let_go_of_rows();
  void come_back();

  const http::Principal& principal() const { return principal_; }
  const Catalog& catalog() const { return *catalog_; }
  const std::shared_ptr<const Catalog>& shared_catalog() const { return catalog_; }
  const std::vector<const Table*>& replicated() const { return replicated_; }

  const Parts& parts() const { return parts_; }
  // The rows of the table that are kept.
  const Part& part(const Table& table) const;
  // Whether rows that are marked as deleted are there upstream and not here. Durable when it
  // returns, and seen by readers before any such row goes.
  void note_left_out(const Table& table, bool left_out);
  bool has_left_out(const Table& table) const { return states_[index_of(table)].left_out; }

  Writer& writer() { return *writer_; }
  // Another one after every commit. What is read on a reader lent afterwards is at least as new,
  // and who was told that a job is done sees another version.
  std::uint64_t version() const { return writer_->commits(); }
  ReaderLease reader() { return readers_->lend(); }
  // For requests: all statements see one state.
  ReaderLease snapshot() { return readers_->lend_snapshot(); }
  // For jobs on the writer and for readers' lookups; see Overlay's thread rule.
  Overlay& overlay() { return overlay_; }

  // After an answer from here: what is read often gets an index.
  void note_read(const query::Plan& plan, Timestamp now) { indexes_->note(plan, now, *writer_); }

  TableStatus status(const Table& table) const;
  // Only while status() is kDenied.
  Denial denial(const Table& table) const;

  // Records the outcome of the initial sync. The change is visible to status() after the commit of
  // the caller's transaction: call publish() then.
  void mark_complete(Transaction& transaction, const Table& table);
  void mark_denied(Transaction& transaction, const Table& table, const Denial& denial);
  void mark_syncing(Transaction& transaction, const Table& table);
  void publish(const Table& table, TableStatus status, std::optional<Denial> denial = {});

  // How long ago the last finished pull of the table began; nullopt before the first.
  std::optional<std::chrono::seconds> age(const Table& table, Timestamp now) const;
  void note_pulled(const Table& table, Timestamp started);

  // Hard case 16: after a write that went to the upstream without the overlay, the replica is
  // behind until a pull that began after its answer has ended. Answers that were kept before it are
  // dropped.
  void note_forwarded_write();
  std::int64_t forwarded_writes() const { return forwarded_writes_; }
  void note_pull_finished(std::int64_t forwarded_writes_at_start);
  bool behind_forwarded_write() const { return pulled_writes_ < forwarded_writes_; }

  // Hard case 1. note_claims(): see ClaimsEpoch::note().
  bool note_claims(const std::string& epoch, Timestamp issued) {
    return claims_->note(epoch, issued, *writer_);
  }
  bool claims_unsettled() const { return claims_->unsettled(); }
  // Whether a token with these claims would be shown the rows that are here, as far as claims tell.
  bool reads_as(const std::string& epoch) const { return claims_->is_current(epoch); }
  std::int64_t claims_changes() const { return claims_->changes(); }
  void settle_claims(std::int64_t changes) { claims_->settle(changes, *writer_); }

 private:
  struct State {
    std::atomic<TableStatus> status{TableStatus::kNotReplicated};
    std::atomic<std::int64_t> pulled_at{0};  // Unix microseconds; 0 = never
    std::atomic<bool> left_out{false};
  };

  std::size_t index_of(const Table& table) const;
  void create_tables(Database& database);
  // True: pending writes have to be shown again.
  bool create_table(Transaction& transaction, const Table& table);
  bool make_table_anew(Transaction& transaction, const Table& table, const std::string& signature,
                       const SchemaChange& change);
  void load_states(Database& database);

  const http::Principal principal_;
  const std::shared_ptr<const Catalog> catalog_;
  const std::vector<const Table*> replicated_;
  const Parts parts_;
  Overlay overlay_;
  // The writer's thread, which may outlive the Store by the end of a job, has it too.
  const std::shared_ptr<ReaderPool> readers_;
  std::vector<State> states_;
  std::atomic<std::int64_t> used_at_{0};  // Unix microseconds
  std::atomic<std::int64_t> saved_used_at_{0};
  std::atomic<std::int64_t> forwarded_writes_{0};
  std::atomic<std::int64_t> pulled_writes_{0};
  mutable Mutex mutex_;
  std::map<const Table*, Denial> denials_ HF_GUARDED_BY(mutex_);
  std::unique_ptr<LearnedIndexes> indexes_;
  std::unique_ptr<ClaimsEpoch> claims_;
  std::unique_ptr<Writer> writer_;  // last: its thread must end before the rest goes
};

}  // namespace holdfast::cache
