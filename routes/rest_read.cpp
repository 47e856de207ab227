#include "routes/rest_read.h"

#include <algorithm>
#include <charconv>

#include "cache/values/codec.h"
#include "gateway/http/uri.h"
#include "queue/outbox.h"
#include "routes/cache_status.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

using cache::TableStatus;
using cache::query::Plan;
using Answer = std::variant<http::Response, std::string>;
using Range = std::pair<std::int64_t, std::optional<std::int64_t>>;

// "0-9" or "0-" of a Range line whose unit is items, as the Rust and C# clients send it.
std::optional<Range> parse_range(const http::Headers& headers) {
  const auto field = headers.find("Range");
  if (!field) return std::nullopt;
  std::string_view text = *field;
  if (text.starts_with("items=")) text.remove_prefix(6);
  std::int64_t first = 0;
  const char* end = text.data() + text.size();
  const auto start = std::from_chars(text.data(), end, first);
  if (start.ec != std::errc() || start.ptr == end || *start.ptr != '-') return std::nullopt;
  if (start.ptr + 1 == end) return Range{first, std::nullopt};
  std::int64_t last = 0;
  const auto stop = std::from_chars(start.ptr + 1, end, last);
  if (stop.ec != std::errc() || stop.ptr != end) return std::nullopt;
  return Range{first, last};
}

constexpr std::size_t kLongestCachedQuery = 2048;
// A longer one would overflow the header limits of common clients.
constexpr std::size_t kLongestLocation = 4096;

// The request in one form for all spellings: parameters by name, encoded alike.
std::optional<std::string> content_location(const cache::Table& table, std::string_view query) {
  auto parameters = http::parse_query(query);
  std::erase_if(parameters, [](const auto& parameter) { return parameter.first == "apikey"; });
  std::stable_sort(parameters.begin(), parameters.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::string location = "/" + http::percent_encode(table.name);
  char separator = '?';
  for (const auto& [name, value] : parameters) {
    location += separator + http::percent_encode(name) + "=" + http::percent_encode(value);
    separator = '&';
    if (location.size() > kLongestLocation) return std::nullopt;
  }
  return location;
}

int status_of(const cache::query::Output& output) {
  return output.total && output.rows < *output.total ? 206 : 200;
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
  auto& reason = std::get<std::string>(outcome);
  if (context_.standalone) {
    return respond(error_response(not_answerable_offline(reason)));
  }
  // The request that finds the upstream gone is answered as the ones after it: from here, if it
  // can.
  http::Request request = rest.request;
  auto store = rest.store;
  forwarder_.forward_after_writes(
      std::move(request), std::move(store), std::move(reason),
      [self = *this, rest = std::move(rest), &table, respond](http::Response response) {
        if (response.status == 504 && self.context_.connectivity.offline()) {
          Answer again = self.answer(rest, table);
          if (auto* local = std::get_if<http::Response>(&again)) return respond(std::move(*local));
        }
        respond(std::move(response));
      });
}

Answer RestRead::answer(const RestRequest& rest, const cache::Table& table) const {
  const auto preferences = parse_preferences(rest.request.headers);
  if (!preferences) return error_response(preferences.error());
  const auto negotiated = negotiate(rest.request.headers);
  const auto* media = std::get_if<MediaType>(&negotiated);
  if (media == nullptr) {
    // The upstream may have a handler of its own for the type.
    const auto* refused = std::get_if<NotAcceptable>(&negotiated);
    if (refused != nullptr && context_.connectivity.offline())
      return error_response(refused->error);
    return std::string("a media type that only the upstream makes");
  }
  if (preferences->timezone) return std::string("Prefer: timezone");
  auto found = plan_for(rest, table, *preferences);
  if (auto* error = std::get_if<Error>(&found)) return error_response(*error);
  if (auto* forward = std::get_if<cache::query::Forward>(&found)) return std::move(forward->reason);
  const auto& read = std::get<std::shared_ptr<const ReadPlan>>(found);
  const Plan& plan = read->plan;
  if (auto unfit = replica_unfit(rest, plan)) return *std::move(unfit);

  auto reader = rest.store->reader();
  auto output = cache::query::execute(*reader, plan, media->form, media->nulls_stripped);
  if (!output && output.error().code == cache::kForwardCode)
    return std::move(output).error().message;
  if (!output) {
    auto response = error_response(output.error());
    response.headers.set("Cache-Status", hit_status());
    return response;
  }
  auto response = respond_with(plan, *std::move(output), *media, *preferences, table, *rest.store);
  if (read->location) response.headers.add("Content-Location", *read->location);
  return response;
}

RestRead::Found RestRead::plan_for(const RestRequest& rest, const cache::Table& table,
                                   const Preferences& preferences) const {
  cache::query::PlanOptions options;
  options.aggregates = context_.rest.aggregates;
  options.max_rows = context_.rest.max_rows;
  options.text_order = context_.rest.text_order;
  options.range = parse_range(rest.request.headers);
  options.count = preferences.count != CountPreference::kNone;
  const std::string_view raw = rest.request.query();
  // A range is rare, and part of few requests: those are planned anew.
  const bool cacheable = !options.range && raw.size() <= kLongestCachedQuery;
  std::string key = table.storage_name + (options.count ? "+?" : "?");
  key += raw;
  if (cacheable) {
    if (auto known = context_.plans.find(rest.store->catalog(), key)) return known;
  }
  const auto query = cache::query::Query::parse(raw);
  if (!query) return query.error();
  auto planned = cache::query::plan_read(*query, rest.store->catalog(), table, options);
  if (auto* error = std::get_if<Error>(&planned)) return std::move(*error);
  if (auto* forward = std::get_if<cache::query::Forward>(&planned)) return std::move(*forward);
  auto plan = std::make_shared<const ReadPlan>(ReadPlan{rest.store->shared_catalog(),
                                                        std::get<Plan>(std::move(planned)),
                                                        content_location(table, raw)});
  if (cacheable) context_.plans.put(std::move(key), plan);
  return plan;
}

std::optional<Answer> RestRead::replica_unfit(const RestRequest& rest, const Plan& plan) const {
  const cache::Store& store = *rest.store;
  const bool online = !context_.connectivity.offline();
  for (const cache::Table* table : plan.tables) {
    switch (store.status(*table)) {
      case TableStatus::kNotReplicated:
        return Answer(table->name + " is not replicated");
      case TableStatus::kSyncing:
        return Answer("the first sync of " + table->name + " is not complete");
      case TableStatus::kDenied: {
        const cache::Denial denial = store.denial(*table);
        auto response = http::json_response(denial.status, denial.body);
        if (denial.status == 401) response.headers.add("WWW-Authenticate", "Bearer");
        response.headers.add("Cache-Status", hit_status());
        return Answer(std::move(response));
      }
      case TableStatus::kComplete:
        break;
    }
    if (auto reason = copy_unfit(rest, *table)) return Answer(*std::move(reason));
    const bool network_first =
        context_.replica.of(table->name).read == cache::ReadMode::kNetworkFirst;
    if (network_first && online) return Answer(table->name + " is read from the network first");
  }
  // Offline the last complete state is what there is, as for every other table.
  if (online && store.behind_forwarded_write()) {
    return Answer(std::string("a forwarded write has not been pulled yet"));
  }
  return std::nullopt;
}

std::optional<std::string> RestRead::copy_unfit(const RestRequest& rest,
                                                const cache::Table& table) const {
  if (table.primary_key) return std::nullopt;
  if (!context_.replica.imported_only && !context_.connectivity.offline()) {
    return table.name + " has no key: what is here is a copy for offline";
  }
  auto reader = rest.store->reader();
  if (queue::Outbox(rest.store->overlay()).empty(*reader)) return std::nullopt;
  return table.name + " is a copy that does not show the writes that are not delivered yet";
}

http::Response RestRead::respond_with(const Plan& plan, cache::query::Output output,
                                      const MediaType& media, const Preferences& preferences,
                                      const cache::Table& table, const cache::Store& store) const {
  http::Response response;
  response.status = status_of(output);
  response.headers.add("Content-Type", media.content_type);
  response.headers.add("Content-Range", content_range(plan.offset, output.rows, output.total));
  Preferences::Applied applied;
  applied.count = true;
  applied.handling = true;
  if (std::string text = preferences.applied(applied); !text.empty()) {
    response.headers.add("Preference-Applied", std::move(text));
  }
  if (context_.rest.schemas.size() > 1) response.headers.add("Content-Profile", table.schema);
  response.headers.add("Cache-Status", hit_status());
  if (const auto age = store.age(table, context_.clock.now())) {
    response.headers.add("Age", std::to_string(age->count()));
  }
  response.body = std::move(output.body);
  return response;
}

}  // namespace holdfast::routes
