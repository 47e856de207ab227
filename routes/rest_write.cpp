#include "routes/rest_write.h"

#include "cache/replica/scope.h"
#include "cache/values/codec.h"
#include "routes/error_response.h"
#include "routes/forwarded_once.h"
#include "routes/kept_answer.h"
#include "routes/old_ids.h"
#include "routes/opaque_write.h"
#include "routes/profile.h"
#include "routes/session.h"
#include "routes/table_rules.h"
#include "routes/unknown_name.h"
#include "routes/write_answer.h"
#include "routes/write_job.h"
#include "routes/write_request.h"
#include "routes/write_through.h"

namespace holdfast::routes {
namespace {

using cache::Mutation;
using cache::TableStatus;

// How long a write that only the upstream can decide waits for earlier ones to be delivered.
constexpr std::chrono::milliseconds kDrainWait{2'000};

std::string relation_of(const Context& context, const RestRequest& rest) {
  const auto schema = schema_of(rest.request, context.rest.schemas);
  return (schema ? *schema : context.rest.schemas.front()) + "." + rest.resource;
}

}  // namespace

struct RestWrite::Work {
  Work(const Context& context, WriteRequest write, http::Respond answer)
      : request(std::move(write)), job(context, request), respond(std::move(answer)) {}

  WriteRequest request;
  WriteJob job;
  http::Respond respond;
  WriteOutcome outcome;
};

void RestWrite::handle(RestRequest rest, const cache::Table& table, http::Respond respond) const {
  const auto preferences = parse_preferences(rest.request.headers);
  if (!preferences) return respond(error_response(preferences.error()));
  if (!has_known_body(rest.request)) {
    return ask_upstream(std::move(rest), table, "a body of another type", std::move(respond));
  }
  auto mutation = parse_mutation(rest.request, table, *preferences);
  if (mutation) {
    const auto put =
        put_in_zone(rest.store->catalog(), rest.caller.principal, *preferences, *mutation);
    if (!put) mutation = put.error();
  }
  if (!mutation && names_unknown(mutation.error()) && is_online()) {
    return ask_upstream(std::move(rest), table, kUnknownName, std::move(respond));
  }
  if (!mutation && mutation.error().code == cache::kForwardCode) {
    return ask_upstream(std::move(rest), table, mutation.error().message, std::move(respond));
  }
  if (!mutation) return respond(error_response(mutation.error()));
  if (auto error = refuse_ungranted(rest, *mutation)) {
    return respond(
        error_response(*error, rest.caller.principal.kind == http::Principal::Kind::kUser));
  }
  if (auto error = refuse_by_mode(context_.replica.of(table), *mutation)) {
    return respond(error_response(*error));
  }
  std::string reason = upstream_needed(rest, table, *preferences);
  if (is_queued_unseen(rest, *preferences)) {
    return OpaqueWrite(context_).handle(
        {std::move(rest), "request", cache::relation_of(table), std::move(reason), *preferences},
        std::move(respond));
  }
  if (!reason.empty()) {
    return ask_upstream(std::move(rest), table, std::move(reason), std::move(respond));
  }
  const auto media = std::get<MediaType>(negotiate(rest.request.headers));
  WriteRequest write{std::move(rest), table, *preferences, media, *std::move(mutation)};
  if (preferences->representation == Return::kRepresentation) {
    auto planned = plan_answer(write);
    if (auto* error = std::get_if<Error>(&planned)) {
      if (!names_unknown(*error) || !is_online()) return respond(error_response(*error));
      planned = cache::query::Forward{kUnknownName};
    }
    if (auto* forward = std::get_if<cache::query::Forward>(&planned)) {
      return ask_upstream(std::move(write.rest), table, std::move(forward->reason),
                          std::move(respond));
    }
    write.representation = std::get<cache::query::Plan>(std::move(planned));
  }
  const auto work = std::make_shared<Work>(context_, std::move(write), std::move(respond));
  if (unreached_) work->job.despite_doubt();
  submit(work);
}

cache::query::Planned RestWrite::plan_answer(const WriteRequest& write) const {
  const cache::Catalog& catalog = write.rest.store->catalog();
  auto options =
      write_options(context_.rest, catalog, write.rest.caller.principal, write.preferences);
  options.aggregates = context_.rest.aggregates;
  options.own_rows = write.mutation.operation == cache::Operation::kInsert &&
                     write.mutation.resolution == cache::Resolution::kNone;
  return cache::query::plan_representation(write.mutation.query, catalog, write.table, options);
}

std::optional<Error> RestWrite::refuse_ungranted(const RestRequest& rest,
                                                 const Mutation& mutation) const {
  const cache::Table& table = *mutation.table;
  if (is_online() || context_.standalone || table.privileges.empty() ||
      is_granted(mutation, rest.caller.principal.role)) {
    return std::nullopt;
  }
  return Error{
      ErrorKind::kUnauthorized, "42501",
      std::string("permission denied for ") + (table.is_view() ? "view " : "table ") + table.name,
      std::nullopt, std::nullopt};
}

// Hard case 3: no rows are kept for the service role, so what it writes shows nowhere here. Also
// online it is an entry first: an answer that is lost on the way leaves the write listed, and
// whoever repeats it blindly is not the app.
bool RestWrite::is_queued_unseen(const RestRequest& rest, const Preferences& preferences) const {
  return rest.caller.principal.kind == http::Principal::Kind::kService && !context_.standalone &&
         preferences.transaction != TransactionEnd::kRollback &&
         preferences.representation != Return::kRepresentation &&
         preferences.representation != Return::kHeadersOnly && !preferences.bounds_rows() &&
         !wants_one_row(rest.request.headers);
}

bool RestWrite::is_online() const {
  // Without a token that the upstream takes, it is as good as away for this user.
  return !context_.standalone && !unreached_ && !context_.connectivity.offline();
}

std::string RestWrite::upstream_needed(const RestRequest& rest, const cache::Table& table,
                                       const Preferences& preferences) const {
  const auto& request = rest.request;
  if (table.is_view()) return "a write to a view";
  if (rest.caller.principal.kind == http::Principal::Kind::kService) return "the service role";
  if (context_.replica.of(table).writes == cache::WriteMode::kThrough) {
    return "writes of this table go through";
  }
  if (preferences.transaction == TransactionEnd::kRollback && is_online()) {
    return "Prefer: tx=rollback";
  }
  if (!std::holds_alternative<MediaType>(negotiate(request.headers))) {
    return "a media type that only the upstream makes";
  }
  switch (rest.store->status(table)) {
    case TableStatus::kComplete:
      return rows_elsewhere(rest, table);
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

std::string RestWrite::rows_elsewhere(const RestRequest& rest, const cache::Table& table) const {
  if (rest.request.method != "PATCH" && rest.request.method != "DELETE") return "";
  if (!rest.store->reads_as(rest.caller.epoch)) return "the rows here are those of newer claims";
  if (rest.store->part(table).whole()) return "";
  const bool filter_is_whole = context_.replica.of(table).filter_is_whole;
  if (cache::holds_rows(rest.request.query(), *rest.store, table, filter_is_whole)) return "";
  return "only a part of " + table.name + " is kept here";
}

void RestWrite::submit(const std::shared_ptr<Work>& work) const {
  using Place = cache::Writer::Place;
  auto& writer = work->request.rest.store->writer();
  const bool alone = work->request.rest.request.alone;
  // This RestWrite lives for the call only: the job and its end get one of their own.
  writer.submit(
      cache::Writer::Priority::kClient,
      [self = *this, work](cache::Transaction& transaction) { self.write(transaction, work); },
      [self = *this, work](const std::exception_ptr& fault) { self.finish(work, fault); },
      alone ? Place::kCaller : Place::kWriter);
}

void RestWrite::write(cache::Transaction& transaction, const std::shared_ptr<Work>& work) const {
  work->outcome = work->job.run(transaction);
  if (!work->outcome.wait) return;
  // Nobody else knows the entry before its commit.
  context_.synchronizer.awaited().add(
      work->outcome.wait->entry, work->request.rest.store->principal().id,
      queue::Waiter(work->outcome.wait->asked,
                    [self = *this, work](const queue::Told& told) { self.tell(work, told); }));
}

void RestWrite::finish(const std::shared_ptr<Work>& work, const std::exception_ptr& fault) const {
  WriteOutcome& outcome = work->outcome;
  queue::Synchronizer& synchronizer = context_.synchronizer;
  if (fault) {
    if (outcome.wait) synchronizer.awaited().cancel(outcome.wait->entry);
    return work->respond(fault_response(fault, *context_.logger));
  }
  if (!outcome.repeats.empty()) {
    const std::string entry = outcome.repeats;
    const auto again = [self = *this, work] { self.submit(work); };
    if (!synchronizer.awaited().follow(entry, again)) again();
    return;
  }
  if (!outcome.ask_upstream.empty()) {
    RestWrite asking = *this;
    asking.touches_none_ = outcome.touches_none;
    asking.reaches_parked_ = outcome.reaches_parked;
    return asking.ask_upstream(std::move(work->request.rest), work->request.table,
                               std::move(outcome.ask_upstream), std::move(work->respond));
  }
  if (outcome.wait) {
    synchronizer.awaited().arm(outcome.wait->entry, outcome.wait->limit);
    return context_.workers.post(
        [&synchronizer, store = work->request.rest.store] { synchronizer.send_now(*store); });
  }
  const bool to_be_sent = outcome.queued && is_online();
  work->respond(*std::move(outcome.answer));
  // After the answer, which is not to wait for it; when the link returns, all queues are looked at.
  if (to_be_sent) synchronizer.wake_dispatcher();
}

void RestWrite::tell(const std::shared_ptr<Work>& work, const queue::Told& told) const {
  if (!told.answer) {
    context_.synchronizer.wake_dispatcher();
    return work->respond(*std::move(work->outcome.answer));
  }
  const auto& wait = *work->outcome.wait;
  const WriteRequest& request = work->request;
  const std::shared_ptr<cache::Store>& store = request.rest.store;
  auto answer =
      awaited_answer(told, wait.asked, request.mutation, request.preferences, wait.reason);
  if (answer.status < 300 && (wait.side_effects || !told.rows_known)) {
    note_unseen_effects(*store);
  }
  if (answer.status >= 300) return work->respond(std::move(answer));
  keep_upstream_answer(store, wait.entry, answer, request.rest.request,
                       [work, answer] { work->respond(answer); });
}

void RestWrite::note_unseen_effects(cache::Store& store) const {
  store.note_forwarded_write();
  context_.synchronizer.wake_puller(store.principal().id);
}

void RestWrite::ask_upstream(RestRequest rest, const cache::Table& table, std::string reason,
                             http::Respond respond) const {
  if (context_.standalone) {
    return respond(error_response(not_answerable_offline(reason)));
  }
  context_.workers.post([self = *this, &table, rest = std::move(rest), reason = std::move(reason),
                         respond = std::move(respond)]() mutable {
    const Context& context = self.context_;
    cache::Store& store = *rest.store;
    const ForwardedOnce once(context, rest.store, rest.request);
    if (auto repeated = once.repeated()) return respond(*std::move(repeated));
    // What changes no row overtakes nothing that waits for a person.
    const bool overtakes_none = self.touches_none_ && !self.reaches_parked_;
    const std::string relation = overtakes_none ? "" : relation_of(context, rest);
    if (!context.connectivity.offline() &&
        !context.synchronizer.wait_for_turn(store, relation, kDrainWait)) {
      const bool as_offline = rest.caller.principal.kind == http::Principal::Kind::kService ||
                              self.touches_none_ || reason == kUnknownName;
      if (as_offline && !self.unreached_) {
        return self.handle_unreached(std::move(rest), table, std::move(respond));
      }
      return respond(error_response(not_answerable_offline(
          "Earlier writes of this user are still on their way, and " + reason + ".")));
    }
    // Rows that the upstream does not know cannot be changed there, whether it is reached or not.
    const auto named = put_real_ids_into_write(rest);
    if (named.waiting && !named.lost && !self.unreached_) {
      return self.handle_unreached(std::move(rest), table, std::move(respond));
    }
    if (const auto refused = refuse_ids(context, store, named)) {
      return respond(error_response(*refused));
    }
    if (named.waiting) return respond(error_response(unsent_row(reason)));
    auto forwarded = once.forward(rest.request, reason);
    // It surely never got there: as good as not asked, so that it can be queued if that is its way.
    if (!forwarded.may_have_happened && !self.unreached_) {
      return self.handle_unreached(std::move(rest), table, std::move(respond));
    }
    if (reason == kUnknownName) note_unknown_name(context, forwarded.response.status);
    if (forwarded.may_have_changed()) {
      store.note_forwarded_write();
      context.synchronizer.wake_puller(store.principal().id);
    }
    respond(std::move(forwarded.response));
  });
}

void RestWrite::handle_unreached(RestRequest rest, const cache::Table& table,
                                 http::Respond respond) const {
  RestWrite again = *this;
  again.unreached_ = true;
  again.handle(std::move(rest), table, std::move(respond));
}

}  // namespace holdfast::routes
