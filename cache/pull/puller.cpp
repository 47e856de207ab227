#include "cache/pull/puller.h"

#include <algorithm>
#include <set>
#include <system_error>
#include <thread>

#include "cache/pull/log_follower.h"
#include "cache/pull/table_pull.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {
namespace {

// Where a log tells of changes, keys are compared so many times less often than without.
constexpr int kLoggedComparisons = 12;

bool refuses_token(const PullFailure& failure) {
  return failure.status == 401 && (failure.body.find("\"PGRST301\"") != std::string::npos ||
                                   failure.body.find("\"PGRST303\"") != std::string::npos);
}

}  // namespace

std::optional<std::size_t> stamp_column(const Table& table, const TableOptions& options) {
  if (options.updated_at_column == "none") return std::nullopt;
  const auto index = table.column_index(
      options.updated_at_column.empty() ? "updated_at" : options.updated_at_column);
  if (!index) return std::nullopt;
  const TypeKind kind = table.columns[*index].type.kind;
  const bool timestamp = kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
  return timestamp ? index : std::nullopt;
}

Puller::Puller(upstream::Upstream& upstream, upstream::CredentialSource& credentials,
               const ReplicaOptions& replica, const PullOptions& options, const Clock& clock,
               std::shared_ptr<Logger> logger)
    : upstream_(upstream),
      credentials_(credentials),
      replica_(replica),
      options_(options),
      clock_(clock),
      logger_(std::move(logger)) {}

struct Puller::Round {
  Store& store;
  const upstream::Credentials credentials;
  const PullDepth depth;
  const bool force;
  ChangeLog log;
  std::set<std::string> logged = {};  // relations
  bool companion = false;

  Mutex mutex = {};
  PullOutcome outcome HF_GUARDED_BY(mutex) = {};
  bool overloaded HF_GUARDED_BY(mutex) = false;
  bool token_refused HF_GUARDED_BY(mutex) = false;

  // One pull; `refused` are credentials that the upstream did not take.
  static PullOutcome run(Puller& puller, Store& store, PullDepth depth, bool force,
                         std::optional<upstream::Credentials>& refused);

  bool reached() {
    MutexLock lock(mutex);
    return outcome.reached;
  }
};

// A token that looks good here may be none to the upstream, whose clock was set or whose key
// changed: there may be another one.
PullOutcome Puller::pull(Store& store, PullDepth depth, bool force) {
  std::optional<upstream::Credentials> refused;
  auto outcome = Round::run(*this, store, depth, force, refused);
  if (!refused) return outcome;
  credentials_.refuse(store.principal(), *refused);
  if (!credentials_.credentials_for(store.principal())) return outcome;
  return Round::run(*this, store, depth, force, refused);
}

PullOutcome Puller::Round::run(Puller& puller, Store& store, PullDepth depth, bool force,
                               std::optional<upstream::Credentials>& refused) {
  // Before the token is taken: it is of the last claims counted here, or of newer ones.
  const std::int64_t claims = store.claims_changes();
  const auto credentials = puller.credentials_.credentials_for(store.principal());
  if (!credentials) {
    PullOutcome outcome;
    outcome.reached = false;  // nobody is signed in: that is no error
    return outcome;
  }
  const std::int64_t forwarded = store.forwarded_writes();
  if (store.replicated().empty()) {
    store.note_pull_finished(forwarded);
    store.settle_claims(claims);
    return {};
  }
  // Which rows other claims show is only known from their keys.
  if (store.claims_unsettled()) depth = PullDepth::kAllKeys;
  if (puller.compares_now(store) && depth == PullDepth::kChanges) depth = PullDepth::kKeys;
  Round round{store, *credentials, depth, force, ChangeLog(puller.upstream_, *credentials, force)};
  if (puller.follow_log(round)) {
    std::vector<const Table*> fresh;
    for (const Table* table : store.replicated()) {
      if (store.status(*table) == TableStatus::kSyncing) fresh.push_back(table);
    }
    puller.pull_new_tables(round, fresh);
    for (const Table* table : store.replicated()) {
      const bool pulled = std::find(fresh.begin(), fresh.end(), table) != fresh.end();
      if (!pulled) puller.pull_table(round, *table);
    }
  }
  MutexLock lock(round.mutex);
  if (round.token_refused) refused = round.credentials;
  if (!round.outcome.reached || round.overloaded || round.token_refused)
    return std::move(round.outcome);
  store.note_pull_finished(forwarded);
  if (depth == PullDepth::kAllKeys) store.settle_claims(claims);
  return std::move(round.outcome);
}

std::optional<std::vector<TableParity>> Puller::compare(Store& store, ProgressCount& progress) {
  // A copy is as old as the last comparison of keys: that is no difference.
  if (!pull(store, PullDepth::kCopies, true).reached) return std::nullopt;
  const auto credentials = credentials_.credentials_for(store.principal());
  if (!credentials) return std::nullopt;
  ChangeLog log(upstream_, *credentials, true);
  const bool companion = std::holds_alternative<LogWindow>(log.window(std::nullopt, {}, 1));
  std::vector<TableParity> tables;
  for (const Table* table : store.replicated()) {
    const Part& part = store.part(*table);
    TableSource source(upstream_, *table, *credentials, options_.page_rows, true, part.scope);
    if (part.deleted_at) source.leave_out(*part.deleted_at, clock_.now() - options_.tombstones);
    tables.push_back(compare_with_upstream(
        store, *table, std::move(source),
        companion && !table->is_view() && part.whole() ? &log : nullptr, progress));
    tables.back().append_only = replica_.of(*table).append_only;
  }
  return tables;
}

bool Puller::compares_now(const Store& store) {
  MutexLock lock(mutex_);
  return ++pulls_[store.principal().id] % (kLoggedComparisons * options_.key_diff_every) == 0;
}

bool Puller::follow_log(Round& round) {
  if (round.depth == PullDepth::kChanges && without_log_ > 0) {
    --without_log_;
    return true;
  }
  LogFollower follower(round.store, round.log, replica_, options_, clock_);
  const auto failure = follower.follow();
  MutexLock lock(round.mutex);
  round.outcome.rows += follower.rows();
  round.outcome.refused = follower.met_unreadable();
  if (failure) {
    round.outcome.errors.push_back("the change log: " + failure->reason);
    round.token_refused = round.token_refused || refuses_token(*failure);
    round.outcome.reached = failure->kind != PullFailure::Kind::kUnreachable;
    return round.outcome.reached;
  }
  without_log_ = follower.found() ? 0 : options_.key_diff_every;
  round.companion = follower.found();
  round.logged = follower.relations();
  return true;
}

void Puller::pull_table(Round& round, const Table& table) {
  if (!round.reached()) return;
  TablePull pull(round.store, table, stamp_column(table, replica_.of(table)), options_, clock_,
                 TableSource(upstream_, table, round.credentials, options_.page_rows, round.force,
                             round.store.part(table).scope));
  if (replica_.of(table).append_only) pull.keep_synced_rows();
  // The companion hashes all rows that the principal sees.
  if (round.companion && !table.is_view() && round.store.part(table).whole()) {
    pull.use_companion(round.log, round.logged.contains(relation_of(table)));
  }
  const auto failure = pull.run(round.depth);
  MutexLock lock(round.mutex);
  round.outcome.rows += pull.rows();
  round.outcome.refused = round.outcome.refused || pull.met_unreadable();
  if (!failure) return;
  round.outcome.errors.push_back(table.name + ": " + failure->reason);
  logger_->info("pull_failed principal={} table={} status={} reason={}", round.store.principal().id,
                relation_of(table), failure->status, failure->reason);
  round.token_refused = round.token_refused || refuses_token(*failure);
  if (failure->kind == PullFailure::Kind::kUnreachable) {
    round.outcome.reached = false;
    return;
  }
  round.outcome.refused = true;
  // An overload passes, and the table was not read; a refusal stays, and must hold nothing back.
  round.overloaded = round.overloaded || failure->status >= 500;
}

void Puller::pull_new_tables(Round& round, const std::vector<const Table*>& tables) {
  std::atomic<std::size_t> next{0};
  std::exception_ptr fault;
  const auto work = [&] {
    for (std::size_t i = next++; i < tables.size(); i = next++) {
      try {
        pull_table(round, *tables[i]);
      } catch (...) {
        MutexLock lock(round.mutex);
        fault = std::current_exception();
        return;
      }
    }
  };
  const auto wanted = std::min(tables.size(), static_cast<std::size_t>(options_.parallel_tables));
  std::vector<std::thread> helpers;
  try {
    for (std::size_t i = 1; i < wanted; ++i) helpers.emplace_back(work);
  } catch (const std::system_error& error) {
    logger_->warn("pull_threads_missing reason={}", error.what());
  }
  work();
  for (std::thread& helper : helpers) helper.join();
  if (fault) std::rethrow_exception(fault);
}

}  // namespace holdfast::cache
