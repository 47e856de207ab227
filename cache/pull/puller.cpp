#include "cache/pull/puller.h"

#include "cache/pull/table_pull.h"

namespace holdfast::cache {

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

PullOutcome Puller::pull(Store& store, PullDepth depth, bool force) {
  PullOutcome outcome;
  // Before the token is taken: it is of the last claims counted here, or of newer ones.
  const std::int64_t claims = store.claims_changes();
  const auto credentials = credentials_.credentials_for(store.principal());
  if (!credentials) {
    outcome.reached = false;  // nobody is signed in: that is no error
    return outcome;
  }
  const std::int64_t forwarded = store.forwarded_writes();
  // Which rows other claims show is only known from their keys.
  if (store.claims_unsettled()) depth = PullDepth::kKeys;
  bool overloaded = false;
  for (const Table* table : store.replicated()) {
    TablePull pull(store, *table, stamp_column(*table, replica_.of(table->name)), options_, clock_,
                   TableSource(upstream_, *table, *credentials, options_.page_rows, force));
    if (replica_.of(table->name).append_only) pull.keep_synced_rows();
    const auto failure = pull.run(depth);
    outcome.rows += pull.rows();
    if (!failure) continue;
    outcome.errors.push_back(table->name + ": " + failure->reason);
    logger_->info("pull_failed principal={} table={} status={} reason={}", store.principal().id,
                  relation_of(*table), failure->status, failure->reason);
    if (failure->kind == PullFailure::Kind::kUnreachable) {
      outcome.reached = false;
      return outcome;
    }
    outcome.refused = true;
    // An overload passes, and the table was not read; a refusal stays, and must hold nothing back.
    overloaded = overloaded || failure->status >= 500;
  }
  if (overloaded) return outcome;
  store.note_pull_finished(forwarded);
  if (depth == PullDepth::kKeys) store.settle_claims(claims);
  return outcome;
}

}  // namespace holdfast::cache
