#include "routes/rest_write.h"

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"
#include "routes/cache_status.h"
#include "routes/error_response.h"
#include "routes/outbox_entries.h"
#include "routes/rest_read.h"
#include "routes/write_answer.h"

namespace holdfast::routes {
namespace {

using cache::Changes;
using cache::Mutation;
using cache::Operation;
using cache::TableStatus;

// How long a write that only the upstream can decide waits for earlier ones to be delivered.
constexpr std::chrono::milliseconds kDrainWait{2'000};

bool has_json_body(const http::Request& request) {
  const auto type = request.headers.find("Content-Type");
  return !type || type->starts_with("application/json") || type->starts_with("*/*");
}

cache::Resolution resolution_of(const Preferences& preferences) {
  switch (preferences.resolution) {
    case ResolutionPreference::kMergeDuplicates:
      return cache::Resolution::kMergeDuplicates;
    case ResolutionPreference::kIgnoreDuplicates:
      return cache::Resolution::kIgnoreDuplicates;
    case ResolutionPreference::kNone:
      break;
  }
  return cache::Resolution::kNone;
}

Result<Mutation> parse_mutation(const http::Request& request, const cache::Table& table,
                                const Preferences& preferences) {
  Mutation mutation;
  mutation.table = &table;
  HF_TRY(mutation.query, cache::query::Query::parse(request.query()));
  if (preferences.missing_default) mutation.missing = cache::Missing::kDefault;
  if (request.method == "DELETE") {
    mutation.operation = Operation::kDelete;
    return mutation;
  }
  const auto keys =
      mutation.query.columns().empty() ? cache::BodyKeys::kMustMatch : cache::BodyKeys::kAny;
  HF_TRY(mutation.body, cache::parse_body(request.body, keys));
  if (request.method == "PATCH") {
    mutation.operation = Operation::kUpdate;
    if (mutation.body.rows.empty()) mutation.body.rows.emplace_back();
    return mutation;
  }
  mutation.resolution = resolution_of(preferences);
  return mutation;
}

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

std::optional<Error> exceeds_max_affected(const Preferences& preferences, const Changes& changes) {
  const auto affected = static_cast<std::int64_t>(changes.keys.size());
  if (preferences.handling != Handling::kStrict || !preferences.max_affected ||
      affected <= *preferences.max_affected) {
    return std::nullopt;
  }
  return invalid_request("PGRST124", "Query result exceeds max-affected preference constraint",
                         "The query affects " + std::to_string(affected) + " rows");
}

}  // namespace

struct RestWrite::Work {
  RestRequest rest;
  const cache::Table& table;
  Preferences preferences;
  MediaType media;
  Mutation mutation;
  http::Respond respond;

  std::optional<cache::query::Plan> representation;
  std::optional<http::Response> answer;
  std::string ask_upstream;  // the reason, when only the upstream can decide
  std::string doubt;         // the reason, when the upstream would know better
  bool despite_doubt = false;
  bool queued = false;
};

void RestWrite::handle(RestRequest rest, const cache::Table& table, http::Respond respond) const {
  const auto preferences = parse_preferences(rest.request.headers);
  if (!preferences) return respond(error_response(preferences.error()));
  std::string reason = upstream_needed(rest, table, *preferences);
  if (!reason.empty()) {
    return ask_upstream(std::move(rest), std::move(reason), std::move(respond));
  }
  const auto media = std::get<MediaType>(negotiate(rest.request.headers));
  auto mutation = parse_mutation(rest.request, table, *preferences);
  if (!mutation) return respond(error_response(mutation.error()));
  auto work = std::make_shared<Work>(Work{std::move(rest), table, *preferences, media,
                                          *std::move(mutation), std::move(respond), std::nullopt,
                                          std::nullopt, "", "", false, false});
  if (preferences->representation == Return::kRepresentation) {
    auto planned = cache::query::plan_representation(
        work->mutation.query, work->rest.store->catalog(), table,
        {context_.rest.aggregates, 0, context_.rest.text_order, std::nullopt, false});
    if (auto* error = std::get_if<Error>(&planned)) return work->respond(error_response(*error));
    if (auto* forward = std::get_if<cache::query::Forward>(&planned)) {
      return ask_upstream(std::move(work->rest), std::move(forward->reason),
                          std::move(work->respond));
    }
    work->representation = std::get<cache::query::Plan>(std::move(planned));
  }
  submit(std::move(work));
}

std::string RestWrite::upstream_needed(const RestRequest& rest, const cache::Table& table,
                                       const Preferences& preferences) const {
  const auto& request = rest.request;
  if (table.is_view()) return "a write to a view";
  if (rest.caller.principal.kind == http::Principal::Kind::kService) return "the service role";
  if (context_.replica.of(table.name).writes == cache::WriteMode::kThrough) {
    return "writes of this table go through";
  }
  if (request.method == "PUT") return "PUT";
  if (request.method != "DELETE" && !has_json_body(request)) return "a body that is not JSON";
  if (preferences.transaction == TransactionEnd::kRollback) return "Prefer: tx=rollback";
  if (!std::holds_alternative<MediaType>(negotiate(request.headers))) {
    return "a media type that only the upstream makes";
  }
  switch (rest.store->status(table)) {
    case TableStatus::kComplete:
      return "";
    case TableStatus::kNotReplicated:
      return table.name + " is not replicated";
    case TableStatus::kSyncing:
    case TableStatus::kDenied:
      break;
  }
  // Without the rows an insert can still be taken; what changes or shows rows cannot.
  const bool plain_insert = request.method == "POST" &&
                            preferences.resolution == ResolutionPreference::kNone &&
                            preferences.representation != Return::kRepresentation;
  if (plain_insert && context_.connectivity.offline()) return "";
  return "the rows of " + table.name + " are not here";
}

void RestWrite::submit(const std::shared_ptr<Work>& work) const {
  auto& writer = work->rest.store->writer();
  // This RestWrite lives for the call only: the job and its end get one of their own.
  writer.submit(
      cache::Writer::Priority::kClient,
      [self = *this, work](cache::Transaction& transaction) { self.write(transaction, *work); },
      [self = *this, work](const std::exception_ptr& fault) { self.finish(work, fault); });
}

void RestWrite::write(cache::Transaction& transaction, Work& work) const {
  cache::Database& database = transaction.database();
  cache::Store& store = *work.rest.store;
  queue::Outbox outbox(store.overlay());
  if (const auto key = work.rest.request.headers.find("Idempotency-Key")) {
    if (const auto earlier = outbox.answer_for(database, std::string(*key))) {
      work.answer = read_answer(*earlier);
      return;
    }
  }
  const Timestamp now = context_.clock.now();
  cache::query::PlanOptions options;
  options.max_rows = 0;
  options.text_order = context_.rest.text_order;
  const cache::MutationContext mutation_context{
      {work.rest.caller.principal, now}, options, context_.standalone};
  auto computed = cache::compute_changes(database, store.catalog(), store.overlay(), work.mutation,
                                         mutation_context);
  if (auto* error = std::get_if<Error>(&computed)) {
    work.answer = error_response(*error);
    return;
  }
  if (auto* ask = std::get_if<cache::AskUpstream>(&computed)) {
    work.ask_upstream = std::move(ask->reason);
    return;
  }
  auto& changes = std::get<Changes>(computed);
  if (!changes.doubt.empty() && !work.despite_doubt && !context_.standalone &&
      !context_.connectivity.offline()) {
    work.doubt = std::move(changes.doubt);
    return;
  }
  cache::Savepoint savepoint(transaction);
  if (auto error = write_changes(transaction, work, changes)) {
    // The savepoint takes the changes back, as PostgREST rolls its transaction back.
    if (error->code == cache::kForwardCode) {
      work.ask_upstream = std::move(error->message);
    } else {
      work.answer = error_response(*error);
    }
    return;
  }
  savepoint.release();
}

std::optional<Error> RestWrite::write_changes(cache::Transaction& transaction, Work& work,
                                              Changes& changes) const {
  if (auto error = exceeds_max_affected(work.preferences, changes)) return error;
  // Rows that go are shown as they were, others as they have become.
  const bool deletion = work.mutation.operation == Operation::kDelete;
  std::string body;
  if (deletion) {
    auto rows = represent(transaction.database(), work, changes);
    if (!rows) return std::move(rows).error();
    body = *std::move(rows);
  }
  const auto first = enqueue(transaction, work, changes);
  if (!deletion) {
    auto rows = represent(transaction.database(), work, changes);
    if (!rows) return std::move(rows).error();
    body = *std::move(rows);
  }
  work.answer = write_answer(work.mutation, changes, work.preferences, work.media, std::move(body),
                             first ? first->id : "", context_.standalone);
  if (work.preferences.representation == Return::kHeadersOnly && changes.keys.size() == 1 &&
      work.mutation.operation == Operation::kInsert) {
    work.answer->headers.add("Location", location_of(work.table, changes.keys[0]));
  }
  if (first && first->app_key) {
    queue::Outbox(work.rest.store->overlay())
        .keep_answer(transaction, first->sequence, print_answer(*work.answer));
  }
  return std::nullopt;
}

Result<std::string> RestWrite::represent(cache::Database& database, const Work& work,
                                         const Changes& changes) const {
  if (!work.representation) return std::string();
  const auto rowids = rowids_of(database, work.rest.store->overlay(), work.table, changes.keys);
  HF_TRY(auto output, cache::query::execute(database, *work.representation, work.media.form,
                                            work.media.nulls_stripped, rowids));
  return std::move(output.body);
}

std::optional<queue::Entry> RestWrite::enqueue(cache::Transaction& transaction, Work& work,
                                               Changes& changes) const {
  auto& overlay = work.rest.store->overlay();
  queue::Outbox outbox(overlay);
  const Timestamp now = context_.clock.now();
  std::optional<queue::Entry> first;
  for (auto& [entry, effects] : plan_entries(work.mutation, changes, work.rest.request.body,
                                             work.rest.caller.principal, now)) {
    const auto app_key = work.rest.request.headers.find("Idempotency-Key");
    if (!first && app_key) entry.app_key = std::string(*app_key);
    outbox.append(transaction, entry, effects, changes.references);
    if (context_.standalone) {
      outbox.acknowledge(transaction, entry,
                         visible_images(transaction.database(), overlay, effects), now);
    }
    if (!first) first = std::move(entry);
  }
  work.queued = first.has_value();
  return first;
}

void RestWrite::finish(std::shared_ptr<Work> work, const std::exception_ptr& fault) const {
  if (fault) return work->respond(fault_response(fault, *context_.logger));
  if (!work->ask_upstream.empty()) {
    return ask_upstream(std::move(work->rest), std::move(work->ask_upstream),
                        std::move(work->respond));
  }
  if (!work->doubt.empty()) return settle_doubt(std::move(work));
  if (work->queued && !context_.standalone) context_.synchronizer.wake_dispatcher();
  work->respond(*std::move(work->answer));
}

// The upstream is asked once earlier writes are there; while they cannot be, this one joins them.
void RestWrite::settle_doubt(std::shared_ptr<Work> work) const {
  context_.workers.post([self = *this, work = std::move(work)] {
    cache::Store& store = *work->rest.store;
    self.context_.synchronizer.wait_until_sent(store, kDrainWait);
    const bool drained = queue::Outbox(store.overlay()).empty(*store.reader());
    if (drained && !self.context_.connectivity.offline()) {
      return self.ask_upstream(std::move(work->rest), std::move(work->doubt),
                               std::move(work->respond));
    }
    work->doubt.clear();
    work->despite_doubt = true;
    self.submit(work);
  });
}

void RestWrite::ask_upstream(RestRequest rest, std::string reason, http::Respond respond) const {
  if (context_.standalone) {
    return respond(error_response(not_answerable_offline(reason)));
  }
  context_.workers.post([context = &context_, forwarder = &forwarder_, rest = std::move(rest),
                         reason = std::move(reason), respond = std::move(respond)] {
    cache::Store& store = *rest.store;
    if (!context->connectivity.offline() &&
        !context->synchronizer.wait_until_drained(store, kDrainWait)) {
      return respond(error_response(not_answerable_offline(
          "Earlier writes of this user are still on their way, and " + reason + ".")));
    }
    auto response = forwarder->forward_now(rest.request, Surface::kData, reason);
    // Without an answer it may have taken effect all the same.
    if (response.status < 400 || response.status >= 500) {
      store.note_forwarded_write();
      context->synchronizer.wake_puller(store.principal().id);
    }
    respond(std::move(response));
  });
}

}  // namespace holdfast::routes
