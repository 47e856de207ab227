#include "routes/rest_read.h"

#include <algorithm>

#include "cache/replica/scope.h"
#include "cache/values/codec.h"
#include "cache/values/time_zone.h"
#include "gateway/http/uri.h"
#include "queue/outbox.h"
#include "routes/cache_status.h"
#include "routes/error_response.h"
#include "routes/profile.h"
#include "routes/request_query.h"
#include "routes/session.h"
#include "routes/unknown_name.h"

namespace holdfast::routes {
namespace {

using cache::TableStatus;
using cache::query::Plan;
using Kind = ForwardReason::Kind;

int status_of(const cache::query::Output& output) {
  return output.total && output.rows < *output.total ? 206 : 200;
}

// nullopt when a view is among them, which may show any table.
cache::ResponseCache::Relations relations_of(const Plan& plan) {
  std::vector<std::string> relations;
  for (const cache::Table* table : plan.tables) {
    if (table->is_view()) return std::nullopt;
    relations.push_back(cache::relation_of(*table));
  }
  return relations;
}

std::optional<std::chrono::seconds> age_of(const Plan& plan, const cache::Store& store,
                                           Timestamp now) {
  std::optional<std::chrono::seconds> oldest;
  for (const cache::Table* table : plan.tables) {
    const auto age = store.age(*table, now);
    if (age && (!oldest || *age > *oldest)) oldest = age;
  }
  return oldest;
}

// To the microsecond, though an age is told in whole seconds.
bool is_older(const cache::Store& store, const cache::Table& table, std::chrono::milliseconds limit,
              Timestamp now) {
  constexpr std::chrono::seconds kSecond{1};
  const auto over = store.age(table, now - limit + kSecond - std::chrono::microseconds(1));
  return !over || *over >= kSecond;
}

// What an embed shows of a table, the request's own conditions do not limit.
bool is_root_alone(const Plan& plan, const cache::Table& table) {
  return plan.tables.front() == &table &&
         std::count(plan.tables.begin(), plan.tables.end(), &table) == 1;
}

// Whether the role may read some columns of a table that it may not read as a whole. Where nothing
// is known of grants it may, unless all are asked for.
bool may_read_some(const RestRequest& rest, const cache::Table& table) {
  if (!table.privileges.empty()) {
    const auto granted = table.privileges.find(rest.caller.principal.role);
    return granted != table.privileges.end() &&
           std::ranges::find(granted->second, "select") != granted->second.end();
  }
  for (const auto& [name, value] : http::parse_query(rest.request.query())) {
    if (name == "select") return value.find('*') == std::string::npos;
  }
  return false;
}

}  // namespace

std::string content_range(std::int64_t offset, std::int64_t rows,
                          std::optional<std::int64_t> total) {
  const std::string end = total ? std::to_string(*total) : "*";
  if (rows == 0) return "*/" + end;
  return std::to_string(offset) + "-" + std::to_string(offset + rows - 1) + "/" + end;
}

void RestRead::handle(RestRequest rest, const cache::Table& table,
                      const http::Respond& respond) const {
  Answer outcome = answer(rest, table);
  if (auto* response = std::get_if<http::Response>(&outcome)) return respond(std::move(*response));
  auto& elsewhere = std::get<Elsewhere>(outcome);
  if (context_.standalone) {
    return respond(error_response(not_answerable_offline(elsewhere.reason.detail)));
  }
  if (elsewhere.revalidate) context_.synchronizer.wake_puller(rest.store->principal().id);
  ForwardedRead read{rest.request, rest.store, rest.caller.principal, std::move(elsewhere.reason),
                     std::move(elsewhere.relations)};
  // The request that finds the upstream gone is answered as the ones after it: from here, if it
  // can.
  read.answer_here = [self = *this, rest = std::move(rest),
                      &table](NoAnswer why) -> std::optional<http::Response> {
    RestRead here = self;
    here.no_answer_ = why;
    Answer again = here.answer(rest, table);
    auto* local = std::get_if<http::Response>(&again);
    return local == nullptr ? std::nullopt : std::optional(std::move(*local));
  };
  reads_.forward(std::move(read), respond);
}

bool RestRead::upstream_usable(const CacheControl& control) const {
  return no_answer_ != NoAnswer::kNone && !context_.connectivity.offline() &&
         !context_.replica.imported_only && !context_.standalone && !control.only_if_cached;
}

RestRead::Answer RestRead::answer(const RestRequest& rest, const cache::Table& table) const {
  static const Preferences none;
  const auto parsed = parse_preferences(rest.request.headers);
  const Preferences& preferences = parsed ? *parsed : none;
  const CacheControl control = parse_cache_control(rest.request.headers);
  const auto negotiated =
      negotiate(rest.request.headers, rest.store->catalog(), table, rest.request.query());
  const auto* media = std::get_if<MediaType>(&negotiated);
  const auto* unacceptable = std::get_if<NotAcceptable>(&negotiated);
  // The upstream may have a handler of its own for the type.
  if (media == nullptr && (unacceptable == nullptr || upstream_usable(control))) {
    return Elsewhere{"a media type that only the upstream makes"};
  }
  const auto found = plan_for(rest, table, preferences);
  const auto* error = std::get_if<Error>(&found);
  // Postgres' own errors are later ones.
  if (error == nullptr || !error->code.starts_with("PGRST")) {
    if (unacceptable != nullptr) return error_response(unacceptable->error);
    if (!parsed) return error_response(parsed.error());
  }
  if (error != nullptr) return refused(*error, control);
  if (const auto* forward = std::get_if<cache::query::Forward>(&found)) {
    return Elsewhere{forward->reason};
  }
  const auto& read = std::get<PlanCache::Read>(found);
  if (auto unfit = replica_unfit(rest, *read.plan->plan, control)) return *std::move(unfit);
  return answer_from_replica(rest, table, read, *media, preferences);
}

RestRead::Answer RestRead::refused(const Error& error, const CacheControl& control) const {
  if (names_unknown(error) && upstream_usable(control)) return Elsewhere{{kUnknownName}};
  if (error.code == "PGRST123" && upstream_usable(control)) {
    return Elsewhere{{"aggregates, which the upstream may allow"}};
  }
  return error_response(error);
}

RestRead::Answer RestRead::answer_from_replica(const RestRequest& rest, const cache::Table& table,
                                               const PlanCache::Read& read, const MediaType& media,
                                               const Preferences& preferences) const {
  auto output = output_of(rest, table, read, media, preferences);
  const Plan& plan = *read.plan->plan;
  if (!output && output.error().code == cache::kForwardCode) {
    return Elsewhere{std::move(output).error().message, relations_of(plan)};
  }
  if (!output) {
    auto answer = refused(output.error(), parse_cache_control(rest.request.headers));
    if (auto* response = std::get_if<http::Response>(&answer)) {
      response->headers.set("Cache-Status", hit_status());
      // A range behind the rows is found out about when they are read.
      if (output.error().total_rows) describe(rest.request, read, media, preferences, *response);
    }
    return answer;
  }
  auto response = respond_with(plan, *std::move(output), *rest.store);
  describe(rest.request, read, media, preferences, response);
  rest.store->note_read(plan, context_.clock.now());
  return response;
}

Result<cache::query::Output> RestRead::output_of(const RestRequest& rest, const cache::Table& table,
                                                 const PlanCache::Read& read,
                                                 const MediaType& media,
                                                 const Preferences& preferences) const {
  AnswerCache& answers = context_.plans.answers();
  const AnswerCache::Question question{read.plan, rest.store, media.form, media.nulls_stripped,
                                       rest.store->version()};
  if (read.known) {
    if (auto kept = answers.find(question)) return *std::move(kept);
  }
  const auto reader = rest.store->snapshot();
  std::shared_ptr<const ReadPlan> plan = read.plan;
  if (cache::query::shows_new_rows(*reader, *plan->plan)) {
    auto ordered = plan_for(rest, table, preferences, true);
    if (auto* found = std::get_if<PlanCache::Read>(&ordered)) plan = std::move(found->plan);
  }
  auto output =
      cache::query::execute(*reader, *plan->plan, plan->binding, media.form, media.nulls_stripped);
  if (output && read.known) answers.keep(question, *output);
  return output;
}

PlanCache::Found RestRead::plan_for(const RestRequest& rest, const cache::Table& table,
                                    const Preferences& preferences, bool new_rows_last) const {
  cache::query::PlanOptions options;
  options.aggregates = context_.rest.aggregates;
  options.max_rows = context_.rest.max_rows;
  options.text_order = context_.rest.text_order;
  options.range = parse_range(rest.request);
  options.new_rows_last = new_rows_last;
  options.count = preferences.count != CountPreference::kNone;
  set_request_session(rest.store->catalog(), rest.caller.principal, preferences, options);
  auto found = context_.plans.find_or_plan(rest.store->shared_catalog(), table,
                                           rest.request.query(), options);
  if (!preferences.timezone || !preferences.timezone->empty()) return found;
  // Postgres refuses an empty name, after whatever PostgREST itself refuses.
  const auto* error = std::get_if<Error>(&found);
  if (error != nullptr && error->code.starts_with("PGRST")) return found;
  return cache::TimeZone::find("").error();
}

std::optional<RestRead::Answer> RestRead::replica_unfit(const RestRequest& rest, const Plan& plan,
                                                        const CacheControl& control) const {
  const bool online = upstream_usable(control);
  const auto elsewhere = [&](Kind kind, std::string words, bool revalidate = false) {
    return Answer(Elsewhere{{kind, std::move(words)}, relations_of(plan), revalidate});
  };
  if (rest.store->claims_unsettled()) {
    return elsewhere(Kind::kStale, "the user's claims have changed", true);
  }
  if (!rest.store->reads_as(rest.caller.epoch)) {
    return elsewhere(Kind::kStale, "what is here was read under newer claims than this token's");
  }
  for (const cache::Table* table : plan.tables) {
    switch (rest.store->status(*table)) {
      case TableStatus::kNotReplicated:
        return elsewhere(Kind::kMiss, table->name + " is not replicated");
      case TableStatus::kSyncing:
        // One's own row, or one that was read already, is as good here as it will be.
        if ((!online || no_answer_) && is_root_alone(plan, *table) &&
            cache::asks_for_whole_row(rest.request.query(), *rest.store, *table)) {
          continue;
        }
        return elsewhere(Kind::kPartial, "the first sync of " + table->name + " is not complete");
      case TableStatus::kDenied:
        // Not all columns may be read; those that are asked for may, or were.
        if (!context_.standalone && !context_.replica.imported_only &&
            (!no_answer_ || may_read_some(rest, *table))) {
          return elsewhere(Kind::kMiss, table->name + " may not be read as a whole");
        }
        return Answer(denied(*rest.store, *table));
      case TableStatus::kComplete:
        break;
    }
    if (!holds_all(rest, plan, *table)) {
      return elsewhere(Kind::kPartial, "only a part of " + table->name + " is kept here");
    }
    if (auto reason = copy_unfit(rest, *table, online)) {
      return elsewhere(Kind::kStale, *std::move(reason));
    }
  }
  // Offline the last complete state is what there is.
  if (!online) return std::nullopt;
  // Own writes that did not get through in time are in no other answer.
  if (no_answer_ && shows_own_writes(*rest.store, plan)) return std::nullopt;
  if (auto reason = too_old(rest, plan, control)) {
    return elsewhere(reason->kind, reason->detail, true);
  }
  for (const cache::Table* table : plan.tables) {
    if (context_.replica.of(*table).read == cache::ReadMode::kNetworkFirst) {
      return elsewhere(Kind::kBypass, table->name + " is read from the network first");
    }
  }
  // Own writes that cannot be sent now are only here, and are read before anything else.
  if (rest.store->behind_forwarded_write() &&
      (context_.synchronizer.flows(*rest.store, *rest.store->reader()) ||
       !shows_own_writes(*rest.store, plan))) {
    return elsewhere(Kind::kStale, "a forwarded write has not been pulled yet");
  }
  return std::nullopt;
}

bool RestRead::shows_own_writes(cache::Store& store, const Plan& plan) {
  const queue::Outbox outbox(store.overlay());
  const auto reader = store.reader();
  return std::any_of(plan.tables.begin(), plan.tables.end(), [&](const cache::Table* table) {
    return outbox.touches(*reader, cache::relation_of(*table));
  });
}

bool RestRead::holds_all(const RestRequest& rest, const Plan& plan,
                         const cache::Table& table) const {
  if (rest.store->part(table).whole()) return true;
  const bool filter_is_whole = context_.replica.of(table).filter_is_whole;
  const auto needed = cache::needed_conditions(*rest.store, table, filter_is_whole);
  if (needed && needed->empty()) return true;
  return is_root_alone(plan, table) &&
         cache::holds_rows(rest.request.query(), *rest.store, table, filter_is_whole);
}

http::Response RestRead::denied(const cache::Store& store, const cache::Table& table) const {
  const cache::Denial denial = store.denial(table);
  auto response = http::json_response(denial.status, denial.body);
  response.headers.add("Proxy-Status", "PostgREST; error=42501");
  if (denial.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
  response.headers.add("Cache-Status", hit_status());
  return response;
}

std::optional<ForwardReason> RestRead::too_old(const RestRequest& rest, const Plan& plan,
                                               const CacheControl& control) const {
  if (control.no_cache) return ForwardReason(Kind::kRequest, "the client asked for no-cache");
  const Timestamp now = context_.clock.now();
  if (control.max_age) {
    const auto age = age_of(plan, *rest.store, now);
    if (!age || *age > *control.max_age) {
      return ForwardReason(Kind::kRequest, "the client asked for a younger answer");
    }
  }
  for (const cache::Table* table : plan.tables) {
    const auto limit = context_.replica.of(*table).max_staleness;
    if (limit.count() == 0) continue;
    if (is_older(*rest.store, *table, limit, now)) {
      return ForwardReason(Kind::kStale, table->name + " is older here than its max_staleness");
    }
  }
  return std::nullopt;
}

std::optional<std::string> RestRead::copy_unfit(const RestRequest& rest, const cache::Table& table,
                                                bool online) const {
  if (table.primary_key) return std::nullopt;
  if (online) return table.name + " has no key: what is here is a copy for offline";
  auto reader = rest.store->reader();
  if (queue::Outbox(rest.store->overlay()).empty(*reader)) return std::nullopt;
  return table.name + " is a copy that does not show the writes that are not delivered yet";
}

void RestRead::describe(const http::Request& request, const PlanCache::Read& read,
                        const MediaType& media, const Preferences& preferences,
                        http::Response& response) const {
  response.headers.set("Content-Type", media.content_type);
  Preferences::Applied applied;
  applied.count = true;
  applied.timezone = true;
  applied.handling = true;
  if (std::string text = preferences.applied(applied); !text.empty()) {
    response.headers.add("Preference-Applied", std::move(text));
  }
  if (auto profile = answered_profile(request, context_.rest.schemas)) {
    response.headers.set("Content-Profile", *std::move(profile));
  }
  if (read.plan->location) response.headers.add("Content-Location", *read.plan->location);
}

http::Response RestRead::respond_with(const Plan& plan, cache::query::Output output,
                                      const cache::Store& store) const {
  http::Response response;
  response.status = status_of(output);
  response.headers.add("Content-Range", content_range(output.offset, output.rows, output.total));
  response.headers.add("Vary", kVary);
  response.headers.add("Cache-Status", hit_status());
  if (const auto age = age_of(plan, store, context_.clock.now())) {
    response.headers.add("Age", std::to_string(age->count()));
  }
  response.body = std::move(output.body);
  return response;
}

}  // namespace holdfast::routes
