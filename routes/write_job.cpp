#include "routes/write_job.h"

#include "cache/replica/key.h"
#include "cache/replica/temporary_ids.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "gateway/base/ids.h"
#include "gateway/http/uri.h"
#include "queue/row_write.h"
#include "routes/error_response.h"
#include "routes/kept_answer.h"
#include "routes/old_ids.h"
#include "routes/profile.h"
#include "routes/session.h"
#include "routes/table_rules.h"
#include "routes/unknown_name.h"
#include "routes/write_answer.h"
#include "routes/write_through.h"

namespace holdfast::routes {
namespace {

using cache::Changes;
using cache::Operation;

std::string location_of(const cache::Table& table, const std::string& key) {
  const auto values = cache::key_values(table, key);
  std::string location = "/" + http::percent_encode(table.name) + "?";
  for (std::size_t i = 0; i < values.size(); ++i) {
    const cache::Column& column = table.columns[table.primary_key->columns[i]];
    std::string text;
    cache::print_text(column.type, cache::view(values[i]), text);
    if (i > 0) location += '&';
    location += http::percent_encode(column.name) + "=eq." + http::percent_encode(text);
  }
  return location;
}

void add_profile(const http::Request& request, const Context& context, http::Response& answer) {
  if (auto profile = answered_profile(request, context.rest.schemas)) {
    answer.headers.add("Content-Profile", *std::move(profile));
  }
}

std::vector<std::int64_t> rowids_of(cache::Database& database, const cache::Overlay& overlay,
                                    const cache::Table& table,
                                    const std::vector<std::string>& keys) {
  std::vector<std::int64_t> rowids;
  for (const std::string& key : keys) {
    const auto stored = overlay.rows(table).find(database, cache::key_values(table, key));
    if (stored) rowids.push_back(stored->rowid);
  }
  return rowids;
}

bool is_violation(const Error& error) {
  return error.code == "23502" || error.code == "23503" || error.code == "23505" ||
         error.code == "23514";
}

// What an update sets, whatever form its body came in; empty for others.
std::string assigned_object(const cache::Mutation& mutation) {
  if (mutation.operation != Operation::kUpdate) return "";
  return cache::print_object(mutation.body.rows.at(0));
}

// Where the local rows are the truth, what is shown is what the upstream would have.
std::vector<cache::UpstreamImage> visible_images(cache::Database& database,
                                                 const cache::Overlay& overlay,
                                                 std::span<const cache::Effect> effects) {
  std::vector<cache::UpstreamImage> images;
  for (const cache::Effect& effect : effects) {
    const cache::Table* table = overlay.find_table(effect.relation);
    auto stored = overlay.rows(*table).find(database, cache::key_values(*table, effect.key));
    images.push_back({table, effect.key,
                      stored ? std::optional<cache::Row>(std::move(stored->row)) : std::nullopt});
  }
  return images;
}

}  // namespace

WriteOutcome WriteJob::run(cache::Transaction& transaction) {
  outcome_ = {};
  cache::Database& database = transaction.database();
  if (is_answered_before(database)) return std::move(outcome_);
  auto computed = compute(database);
  if (auto* error = std::get_if<Error>(&computed)) {
    answer_error(database, std::move(*error));
  } else if (auto* ask = std::get_if<cache::AskUpstream>(&computed)) {
    answer_ask(std::move(*ask));
  } else {
    take_changes(transaction, std::get<Changes>(computed));
  }
  return std::move(outcome_);
}

bool WriteJob::is_answered_before(cache::Database& database) {
  cache::Store& store = *request_.rest.store;
  if (auto earlier = find_repetition(context_, database, request_.rest.request)) {
    outcome_.answer = std::move(earlier->answer);
    outcome_.repeats = std::move(earlier->awaited);
    return true;
  }
  std::optional<Error> refused;
  if (!context_.standalone) refused = refuse_full_queue(database, context_.rest.queue_limit);
  if (!refused) {
    named_ = cache::TemporaryIds(store.overlay()).resolve(database, request_.mutation);
    refused = refuse_ids(context_, store, named_);
  }
  if (refused) outcome_.answer = error_response(*refused);
  return refused.has_value();
}

cache::Computed WriteJob::compute(cache::Database& database) const {
  cache::Store& store = *request_.rest.store;
  const auto& principal = request_.rest.caller.principal;
  const auto options =
      write_options(context_.rest, store.catalog(), principal, request_.preferences);
  return cache::compute_changes(
      database, store.catalog(), store.overlay(), request_.mutation,
      {{principal, context_.clock.now(), options.timezone.empty()},
       options,
       context_.standalone,
       context_.replica.imported_only,
       // Online too: whatever becomes of the request, it is durable before it is sent.
       !context_.standalone});
}

void WriteJob::answer_error(cache::Database& database, Error error) {
  const bool rights = is_violation(error) && rights_come_first();
  if (names_unknown(error) && is_online()) {
    outcome_.ask_upstream = kUnknownName;
  } else if (rights && is_online() && !named_.any && may_ask(database)) {
    outcome_.ask_upstream = "rights";
  } else {
    // Postgres tells nothing of rows under row-level security.
    if (rights) error.details.reset();
    outcome_.answer = error_response(error);
  }
}

void WriteJob::answer_ask(cache::AskUpstream ask) {
  const auto error = ask.rows && !is_online() ? refuse_count(*ask.rows) : std::nullopt;
  if (error) {
    outcome_.answer = error_response(*error);
  } else {
    outcome_.ask_upstream = std::move(ask.reason);
  }
}

void WriteJob::take_changes(cache::Transaction& transaction, Changes& changes) {
  std::ranges::copy(named_.rows, std::back_inserter(changes.references));
  if (request_.mutation.resolution != cache::Resolution::kNone && changes.doubt.empty() &&
      !request_.rest.store->part(request_.table).whole()) {
    changes.doubt = "only a part of " + request_.table.name + " is kept here";
  }
  if (std::string reason = inexact(changes); !reason.empty()) {
    outcome_.ask_upstream = std::move(reason);
    return;
  }
  // Nothing would be queued that could be answered later.
  if (!changes.doubt.empty() && changes.effects.empty() && !despite_doubt_ && is_online() &&
      !named_.any) {
    outcome_.ask_upstream = std::move(changes.doubt);
    outcome_.touches_none = true;
    outcome_.reaches_parked = may_reach_parked(transaction.database());
    return;
  }
  auto error = write_changes(transaction, changes);
  // As PostgREST rolls its transaction back.
  if (error || !outcome_.ask_upstream.empty() || rolls_back()) transaction.take_back();
  if (error) take_error(*std::move(error));
}

// Postgres looks at grants and policies before it looks at constraints.
bool WriteJob::rights_come_first() const {
  const cache::Table& table = request_.table;
  const bool denied = !table.privileges.empty() &&
                      !is_granted(request_.mutation, request_.rest.caller.principal.role);
  return !context_.standalone && (table.row_security || denied);
}

bool WriteJob::may_ask(cache::Database& database) const {
  cache::Store& store = *request_.rest.store;
  return context_.synchronizer.flows(store, database) ||
         context_.synchronizer.rests(store, database);
}

bool WriteJob::rolls_back() const {
  return request_.preferences.transaction == TransactionEnd::kRollback;
}

// Hard case 6: whether it may find rows there that a parked write has taken out of its filter here.
bool WriteJob::may_reach_parked(cache::Database& database) const {
  const auto operation = request_.mutation.operation;
  if (operation != Operation::kUpdate && operation != Operation::kDelete) return false;
  cache::Overlay& overlay = request_.rest.store->overlay();
  if (const auto key = queue::named_key(request_.table, request_.mutation.query)) {
    return overlay.is_pending(database, request_.table, *key);
  }
  return queue::Outbox(overlay).touches(database, cache::relation_of(request_.table));
}

std::string WriteJob::inexact(const Changes& changes) const {
  if (context_.standalone) return "";
  if (request_.representation) {
    const auto shown = std::ranges::find_if(changes.reshaped, [&](const std::string& column) {
      return request_.mutation.query.may_show(column);
    });
    if (shown != changes.reshaped.end()) return "the upstream's form of " + *shown;
  }
  // What leaves no trace cannot be put right later.
  Preferences without_rows = request_.preferences;
  without_rows.representation = Return::kNone;
  return rolls_back() ? upstream_knows_better(request_.mutation, changes, without_rows,
                                              request_.rest.caller.principal.role)
                      : "";
}

void WriteJob::take_error(Error error) {
  // How many rows there are is not known from stale ones; a plain insert's are its own.
  const bool own_rows = request_.mutation.operation == Operation::kInsert &&
                        request_.mutation.resolution == cache::Resolution::kNone;
  const bool waits = outcome_.wait.has_value();
  outcome_ = {};
  if (error.code == cache::kForwardCode) {
    outcome_.ask_upstream = std::move(error.message);
  } else if (waits && !own_rows) {
    outcome_.ask_upstream = "the number of rows";
  } else {
    outcome_.answer = error_response(error);
  }
}

std::optional<Error> WriteJob::write_changes(cache::Transaction& transaction, Changes& changes) {
  const auto& [rest, table, preferences, media, mutation, representation] = request_;
  plan_wait(transaction.database(), changes);
  const auto changed = static_cast<std::int64_t>(changes.keys.size());
  // Of rows that are given back it is those that count.
  if (auto error = representation ? std::nullopt : refuse_count(changed)) return error;
  if (auto error = refuse_by_consequences(context_.replica, rest.store->overlay(), changes)) {
    return error;
  }
  if (!is_online()) {
    auto error = refuse_offline_bulk(context_.replica.of(table), mutation, changes);
    if (error && !context_.standalone) return error;
  }
  auto planned = plan_entry(mutation, changes, assigned_object(mutation), rest.caller.principal,
                            context_.clock.now());
  // Rows as lines of text cannot be told from a proxy's page.
  if (outcome_.wait && media.form == cache::query::Form::kCsv) {
    outcome_.ask_upstream = std::move(outcome_.wait->reason);
    outcome_.wait.reset();
    return std::nullopt;
  }
  // Rows that go are shown as they were, others as they have become.
  const bool deletion = mutation.operation == Operation::kDelete;
  std::optional<Representation> rows;
  if (deletion) {
    HF_TRY(rows, represent(transaction.database(), changes));
  }
  const auto first = enqueue(transaction, changes, std::move(planned));
  if (!deletion) {
    HF_TRY(rows, represent(transaction.database(), changes));
  }
  if (auto error = rows ? refuse_count(rows->rows) : std::nullopt) return error;
  outcome_.answer = write_answer(mutation, changes, preferences, media, std::move(rows),
                                 first && !rolls_back() ? first->id : "", context_.standalone);
  if (representation) add_profile(rest.request, context_, *outcome_.answer);
  if (preferences.representation == Return::kHeadersOnly && changes.keys.size() == 1 &&
      rest.request.method == "POST") {
    outcome_.answer->headers.add("Location", location_of(table, changes.keys[0]));
  }
  if (first && first->app_key) {
    queue::Outbox(rest.store->overlay())
        .keep_answer(transaction, first->sequence, print_answer(*outcome_.answer, rest.request));
  }
  return std::nullopt;
}

std::optional<Error> WriteJob::refuse_count(std::int64_t affected) const {
  const auto& preferences = request_.preferences;
  // PostgREST bounds what is changed, and not what is made.
  const bool bounded =
      preferences.bounds_rows() && request_.mutation.operation != Operation::kInsert;
  if (bounded && affected > *preferences.max_affected) {
    return invalid_request("PGRST124", "Query result exceeds max-affected preference constraint",
                           "The query affects " + std::to_string(affected) + " rows");
  }
  if (request_.media.form == cache::query::Form::kObject && affected != 1) {
    return invalid_request("PGRST116", "Cannot coerce the result to a single JSON object",
                           "The result contains " + std::to_string(affected) + " rows");
  }
  return std::nullopt;
}

Result<std::optional<Representation>> WriteJob::represent(cache::Database& database,
                                                          const Changes& changes) const {
  if (!request_.representation) return std::optional<Representation>();
  const auto rowids =
      rowids_of(database, request_.rest.store->overlay(), request_.table, changes.keys);
  HF_TRY(auto output, cache::query::execute(database, *request_.representation, request_.media.form,
                                            request_.media.nulls_stripped, rowids));
  return std::optional(Representation{std::move(output.body), output.rows});
}

std::optional<queue::Entry> WriteJob::enqueue(cache::Transaction& transaction, Changes& changes,
                                              std::optional<PlannedEntry>&& planned) {
  outcome_.queued = planned.has_value() && !rolls_back();
  if (!planned) {
    outcome_.wait.reset();
    return std::nullopt;
  }
  const auto& request = request_.rest.request;
  auto& overlay = request_.rest.store->overlay();
  queue::Outbox outbox(overlay);
  auto& [entry, effects] = *planned;
  if (const auto app_key = request.headers.find("Idempotency-Key")) {
    entry.app_key = std::string(*app_key);
    // The upstream knows the event by the same name, whichever gateway brings it.
    const std::string own = queue::idempotency_key(*entry.app_key);
    if (is_uuid(*entry.app_key) && !outbox.knows_key(transaction.database(), own)) {
      entry.idempotency_key = own;
    }
  }
  outbox.append(transaction, entry, effects, changes.references, changes.former_references);
  cache::TemporaryIds::remember(transaction, entry.sequence, request_.table, changes.temporary_ids);
  if (context_.standalone) {
    outbox.acknowledge(transaction, entry, visible_images(transaction.database(), overlay, effects),
                       context_.clock.now());
  }
  // It waits with what is there for a person, and its app does not.
  if (outcome_.wait && beside_parked_ && outbox.block(transaction, entry)) outcome_.wait.reset();
  if (outcome_.wait) {
    outcome_.wait->entry = entry.id;
    outcome_.wait->asked = asked_request(request, request_.mutation, request_.preferences, entry);
  }
  return std::move(entry);
}

void WriteJob::plan_wait(cache::Database& database, const Changes& changes) {
  const auto& preferences = request_.preferences;
  // The request as it came names ids that only this gateway knows.
  if (named_.any) return;
  if (!is_online() || preferences.respond_async || changes.effects.empty()) return;
  std::string reason = upstream_knows_better(request_.mutation, changes, preferences,
                                             request_.rest.caller.principal.role);
  const bool queues = context_.replica.of(request_.table).writes == cache::WriteMode::kQueue;
  // Hard case 6: it is about the rows that are there, which may be others than those here.
  if (reason.empty() && request_.mutation.operation != Operation::kInsert) {
    reason = "rows that others may have changed";
  }
  if (preferences.wait) reason = "Prefer: wait";
  if (!preferences.wait && queues && changes.doubt.empty()) return;
  const std::chrono::milliseconds limit =
      preferences.wait ? *preferences.wait : context_.rest.write_wait;
  if (reason.empty() || limit.count() == 0) return;
  // It would overtake what cannot be sent now, or wait for it.
  if (!may_ask(database)) return;
  beside_parked_ = !context_.synchronizer.flows(*request_.rest.store, database);
  if (beside_parked_ && may_reach_parked(database)) return;
  outcome_.wait =
      WriteOutcome::Wait{"", limit, {}, std::move(reason), has_side_effects(request_.mutation)};
}

}  // namespace holdfast::routes
