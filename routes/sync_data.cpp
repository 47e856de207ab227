#include "routes/sync_data.h"

#include <algorithm>
#include <charconv>
#include <deque>
#include <nlohmann/json.hpp>

#include "cache/replica/change_feed.h"
#include "cache/replica/key.h"
#include "gateway/http/json.h"
#include "gateway/http/uri.h"
#include "queue/forwarded_keys.h"
#include "queue/outbox.h"
#include "queue/row_state.h"
#include "routes/error_response.h"
#include "routes/profile.h"
#include "routes/request_query.h"
#include "routes/row_path.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

constexpr std::int64_t kMostChanges = 1'000;
constexpr std::size_t kMostEvents = 100;

http::Response no_such_table(const std::string& name) {
  return error_response({ErrorKind::kNotFound, "PGRST205",
                         "Could not find the table '" + name + "' in the schema cache",
                         std::nullopt, std::nullopt});
}

std::string print_change(const cache::FeedChange& change) {
  std::string out = R"({"table":)" + json(change.table->name).dump() + R"(,"schema":)" +
                    json(change.table->schema).dump() + R"(,"op":)" +
                    (change.row ? "\"upsert\"" : "\"delete\"") + R"(,"key":)" + change.key +
                    R"(,"row":)";
  out += change.row ? cache::print_kept_row(*change.table, *change.row) : "null";
  return out + "}";
}

const char* status_of(int status) {
  if (status < 300) return "accepted";
  if (status >= 500 || status == 401 || status == 429) return "retry";
  return "rejected";
}

}  // namespace

struct SyncData::Push {
  http::Request request;  // whose headers the events' own requests have
  std::shared_ptr<cache::Store> store;
  std::string device;  // whose ids the events have; empty: they are nobody else's
  std::deque<json> events;
  json results = json::array();
  http::Respond respond;
};

bool SyncData::route(const http::Request& request, const std::string& path,
                     const http::Respond& respond) const {
  const bool is_row = path.starts_with("/sync/rows/");
  const bool reads = path == "/sync/changes" || is_row;
  if (!reads && path != "/sync/push") return false;
  if (request.method != (reads ? "GET" : "POST")) {
    respond(error_response({ErrorKind::kInvalidRequest, "HF405",
                            std::string("This is only answered to ") + (reads ? "GET" : "POST"),
                            std::nullopt, std::nullopt}));
    return true;
  }
  // Confirming a token and reading the file both wait.
  context_.workers.post([this, request, path, is_row, reads, respond] {
    auto caller = context_.authenticator.confirm(request);
    if (!caller) return respond(error_response(caller.error()));
    auto store = context_.stores.open(context_.standalone ? http::Principal::anonymous()
                                                          : caller->principal);
    // Hard case 1: what is here was read under other claims than this token's.
    if (store->claims_unsettled() || !store->reads_as(caller->epoch)) {
      return respond(error_response(not_answerable_offline("The user's claims have changed")));
    }
    if (is_row) return row(request, path.substr(11), *store, respond);
    return reads ? changes(request, *store, respond) : push(request, std::move(store), respond);
  });
  return true;
}

void SyncData::changes(const http::Request& request, cache::Store& store,
                       const http::Respond& respond) const {
  const auto limit = positive_parameter(request, "limit");
  if (!limit) return respond(error_response(limit.error()));
  cache::ChangeFeed feed(store);
  feed.forget(context_.clock.now() - cache::ChangeFeed::kKept);
  const auto page =
      feed.page(http::query_parameter(request.query(), "cursor"),
                static_cast<std::size_t>(std::min(limit->value_or(kMostChanges), kMostChanges)));
  if (!page) {
    return respond(http::json_response(
        410, R"({"code":"HF410","message":"This cursor is too old: begin again without one",)"
             R"("details":null,"hint":null})"));
  }
  std::string body = "{\"changes\":[";
  for (const auto& change : page->changes) {
    if (body.back() != '[') body += ',';
    body += print_change(change);
  }
  body += "],\"cursor\":" + json(page->cursor).dump() +
          ",\"more\":" + (page->more ? "true" : "false") + "}";
  respond(http::json_response(200, std::move(body)));
}

void SyncData::row(const http::Request& request, const std::string& name, cache::Store& store,
                   const http::Respond& respond) const {
  const auto schema = schema_of(request, context_.rest.schemas);
  if (!schema) return respond(error_response(schema.error()));
  const cache::Table* table = store.catalog().find(*schema, name);
  if (table == nullptr || !table->exposed || !table->primary_key)
    return respond(no_such_table(name));
  const auto given = cache::parse_row(*table, http::query_parameter(request.query(), "key"));
  if (!given) {
    return respond(
        error_response(invalid_request("HF400", "key must be a JSON object of the primary key")));
  }
  const std::string key = cache::key_of(*table, *given);
  auto reader = store.reader();
  std::optional<cache::StoredRow> found;
  if (store.overlay().rows(*table).exists(*reader)) {
    found = store.overlay().rows(*table).find(*reader, cache::key_values(*table, key));
  }
  respond(http::json_response(
      200, R"({"key":)" + key + R"(,"state":)" +
               json(queue::row_state(*reader, cache::relation_of(*table), key)).dump() +
               R"(,"row":)" + (found ? cache::print_kept_row(*table, found->row) : "null") + "}"));
}

void SyncData::push(const http::Request& request, std::shared_ptr<cache::Store> store,
                    const http::Respond& respond) const {
  const json body = http::parse_json(request.body);
  if (!body.is_object() || !body.value("events", json()).is_array()) {
    return respond(error_response(
        invalid_request("HF400", "The body must be an object with a list of events")));
  }
  const json& events = body.at("events");
  if (events.size() > kMostEvents) {
    return respond(error_response(invalid_request(
        "HF400", "At most " + std::to_string(kMostEvents) + " events go in one request")));
  }
  const json device = body.value("device_id", json(""));
  if (!device.is_string())
    return respond(error_response(invalid_request("HF400", "device_id must be a text")));
  auto work = std::make_shared<Push>();
  work->device = device.get<std::string>();
  work->request = request;
  work->store = std::move(store);
  work->events.assign(events.begin(), events.end());
  work->respond = respond;
  next_event(work);
}

namespace {

// What is wrong with the event; empty when nothing is.
std::string fault_of(const json& event) {
  const auto text = [&](const char* name) {
    return event.is_object() && event.contains(name) && event.at(name).is_string()
               ? event.at(name).get<std::string>()
               : "";
  };
  if (text("id").empty() || text("table").empty()) return "an event needs an id and a table";
  const std::string op = text("op");
  if (op != "insert" && op != "upsert" && op != "update" && op != "delete") {
    return "op must be insert, upsert, update or delete";
  }
  if (op != "delete" && !event.value("row", json()).is_object()) return "the event needs a row";
  const bool by_key = op == "update" || op == "delete";
  if (by_key && (!event.value("key", json()).is_object() || event.at("key").empty())) {
    return "the event needs a key";
  }
  return "";
}

// Any other condition could mean rows that the event's maker has not seen.
bool names_a_row(const cache::Table& table, const json& event) {
  if (!event.contains("key") || !table.primary_key) return true;
  const json& key = event.at("key");
  const auto& columns = table.primary_key->columns;
  return key.size() == columns.size() &&
         std::all_of(columns.begin(), columns.end(),
                     [&](std::size_t column) { return key.contains(table.columns[column].name); });
}

// Devices may count their events, and are then told apart by their own names.
std::string idempotency_key(const std::string& device, const json& event) {
  return (device.empty() ? "" : device + "/") + event.at("id").get<std::string>();
}

json rejected(const json& event, const std::string& why) {
  return {{"id", event.is_object() ? event.value("id", json()) : json()},
          {"status", "rejected"},
          {"row", nullptr},
          {"error", {{"message", why}}}};
}

// The canonical row of an event's key as the caller sees it.
json row_here(cache::Store& store, const cache::Table& table, const json& key) {
  const auto given = cache::parse_row(table, key.dump());
  if (!given) return nullptr;
  auto reader = store.reader();
  if (!store.overlay().rows(table).exists(*reader)) return nullptr;
  const auto found = store.overlay().rows(table).find(
      *reader, cache::key_values(table, cache::key_of(table, *given)));
  return found ? http::parse_json(cache::print_kept_row(table, found->row)) : json(nullptr);
}

// Whether the row has changed since the event's maker saw it: a column of `base` is another.
bool has_changed(const json& event, const json& row, const cache::Table& table) {
  if (!event.contains("base") || !event.at("base").is_object()) return false;
  if (row.is_null()) return true;
  for (const auto& [column, value] : event.at("base").items()) {
    const cache::Column* known = table.find_column(column);
    if (known != nullptr && !known->kept) continue;  // what it was nobody saw here
    if (row.value(column, json()) != value) return true;
  }
  return false;
}

// The columns whose values can be told here, as a request selects them.
std::string shown_columns(const cache::Table* table) {
  if (table == nullptr) return "*";
  const auto kept = table->kept_columns();
  if (kept.size() == table->columns.size()) return "*";
  std::string list;
  for (const std::size_t index : kept) {
    list += (list.empty() ? "" : ",") + cache::quoted_name(table->columns[index].name);
  }
  return http::percent_encode(list);
}

http::Request request_for(const json& event, const http::Request& like, const std::string& device,
                          const cache::Table* table) {
  const std::string op = event.at("op").get<std::string>();
  http::Request request = like;
  request.method = op == "update" ? "PATCH" : op == "delete" ? "DELETE" : "POST";
  request.target = "/rest/v1/" + http::percent_encode(event.at("table").get<std::string>()) +
                   "?select=" + shown_columns(table);
  if (op == "update" || op == "delete") request.target += key_conditions(event.at("key"));
  request.body = op == "delete" ? "" : event.at("row").dump();
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Accept", "application/json");
  request.headers.set("Prefer", op == "upsert" ? "return=representation,resolution=merge-duplicates"
                                               : "return=representation");
  request.headers.set("Idempotency-Key", idempotency_key(device, event));
  return request;
}

json result_of(const json& event, const http::Response& response) {
  json result = {{"id", event.at("id")}, {"status", status_of(response.status)}, {"row", nullptr}};
  const json body = http::parse_json(response.body);
  if (response.status >= 300) {
    result["error"] = body.is_discarded() ? json(nullptr) : body;
  } else if (body.is_array() && !body.empty()) {
    result["row"] = body.front();
  } else if (body.is_array() && event.at("op") == "update") {
    result["status"] = "conflict";  // the row is gone
  }
  return result;
}

}  // namespace

void SyncData::next_event(const std::shared_ptr<Push>& push) const {
  if (push->events.empty()) {
    return push->respond(http::json_response(200, http::print_json({{"results", push->results}})));
  }
  const json event = std::move(push->events.front());
  push->events.pop_front();
  const auto finish = [this, push](json result) {
    push->results.push_back(std::move(result));
    // Not from within the answer of the one before: a batch would nest as deep as it is long.
    context_.workers.post([this, push] { next_event(push); });
  };
  if (const std::string fault = fault_of(event); !fault.empty()) {
    return finish(rejected(event, fault));
  }
  const auto schema = schema_of(push->request, context_.rest.schemas);
  const cache::Table* table =
      schema ? push->store->catalog().find(*schema, event.at("table").get<std::string>()) : nullptr;
  if (table != nullptr && !names_a_row(*table, event)) {
    return finish(rejected(event, "the event's key must be the table's primary key"));
  }
  // An event that was taken before is answered as it was, whatever has become of its row.
  const std::string app_key = idempotency_key(push->device, event);
  const bool known =
      queue::Outbox(push->store->overlay()).answer_for(*push->store->reader(), app_key) ||
      queue::find_forwarded(*push->store->reader(), app_key);
  if (!known && table != nullptr && table->primary_key && event.contains("key")) {
    const json here = row_here(*push->store, *table, event.at("key"));
    if (has_changed(event, here, *table)) {
      return finish({{"id", event.at("id")}, {"status", "conflict"}, {"row", here}});
    }
  }
  rest_.handle(
      request_for(event, push->request, push->device, table), event.at("table").get<std::string>(),
      [event, finish](const http::Response& response) { finish(result_of(event, response)); });
}

}  // namespace holdfast::routes
