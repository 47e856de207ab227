#include "routes/sync_push.h"

#include <algorithm>
#include <deque>

#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "cache/values/jsonb.h"
#include "cache/values/sort_key.h"
#include "gateway/http/uri.h"
#include "queue/forwarded_keys.h"
#include "queue/outbox.h"
#include "routes/error_response.h"
#include "routes/profile.h"
#include "routes/raw_json.h"
#include "routes/row_path.h"

namespace holdfast::routes {
namespace {

constexpr std::size_t kMostEvents = 100;

std::optional<std::string> member_of(const cache::RawObject& object, std::string_view name) {
  const auto token = cache::find_member(object, name);
  return token ? std::optional(std::string(*token)) : std::nullopt;
}

std::string text_in(const std::optional<std::string>& token) {
  return token && token->starts_with('"') ? cache::decode_json_string(*token) : "";
}

std::optional<cache::RawObject> object_in(const std::optional<std::string>& token) {
  if (!token || !token->starts_with('{')) return std::nullopt;
  auto body = cache::parse_body(*token);
  return body ? std::optional(std::move(body->rows[0])) : std::nullopt;
}

// What one event of a batch says; the tokens of its row, its key and its base as they came.
struct Event {
  std::string id_token = "null";
  std::string id;
  std::string table;
  std::string op;
  std::optional<std::string> row;
  bool has_key = false;
  std::optional<cache::RawObject> key;
  std::optional<cache::RawObject> base;  // what its maker has seen of the row

  bool by_key() const { return op == "update" || op == "delete"; }
};

Event event_in(const std::string& token) {
  Event event;
  const auto object = object_in(token);
  if (!object) return event;
  const auto id = member_of(*object, "id");
  event.id_token = id.value_or("null");
  event.id = text_in(id);
  event.table = text_in(member_of(*object, "table"));
  event.op = text_in(member_of(*object, "op"));
  event.row = member_of(*object, "row");
  const auto key = member_of(*object, "key");
  event.has_key = key.has_value();
  event.key = object_in(key);
  event.base = object_in(member_of(*object, "base"));
  return event;
}

// What is wrong with the event; empty when nothing is.
std::string fault_of(const Event& event) {
  if (event.id.empty() || event.table.empty()) return "an event needs an id and a table";
  if (event.op != "insert" && event.op != "upsert" && !event.by_key()) {
    return "op must be insert, upsert, update or delete";
  }
  if (event.op != "delete" && !object_in(event.row)) return "the event needs a row";
  if (event.by_key() && (!event.key || event.key->empty())) return "the event needs a key";
  return "";
}

// Any other condition could mean rows that the event's maker has not seen.
bool names_a_row(const cache::Table& table, const Event& event) {
  if (!event.has_key || !table.primary_key) return true;
  const auto& columns = table.primary_key->columns;
  return event.key && event.key->size() == columns.size() &&
         std::all_of(columns.begin(), columns.end(), [&](std::size_t column) {
           return cache::find_member(*event.key, table.columns[column].name).has_value();
         });
}

// Devices may count their events, and are then told apart by their own names.
std::string idempotency_key(const std::string& device, const Event& event) {
  return (device.empty() ? "" : device + "/") + event.id;
}

// The row of an event's key as the caller sees it, as JSON.
std::optional<std::string> row_here(cache::Store& store, const cache::Table& table,
                                    const cache::RawObject& key) {
  const auto given = cache::parse_row(table, cache::print_object(key));
  if (!given) return std::nullopt;
  auto reader = store.reader();
  if (!store.overlay().rows(table).exists(*reader)) return std::nullopt;
  const auto found = store.overlay().rows(table).find(
      *reader, cache::key_values(table, cache::key_of(table, *given)));
  return found ? std::optional(cache::print_kept_row(table, found->row)) : std::nullopt;
}

bool is_same(const cache::Column& column, const std::string& a, const std::string& b) {
  if (a == b) return true;
  if (column.type.kind == cache::TypeKind::kJson || column.type.kind == cache::TypeKind::kJsonb) {
    const auto x = cache::canonical_jsonb(a);
    const auto y = cache::canonical_jsonb(b);
    return x && y && *x == *y;
  }
  const auto x = cache::parse_json(column.type, a);
  const auto y = cache::parse_json(column.type, b);
  return x && y && cache::same_value(column.type, *x, *y);
}

// Whether the row has changed since the event's maker saw it: a column of `base` is another.
bool has_changed(const Event& event, const std::optional<std::string>& here,
                 const cache::Table& table) {
  if (!event.base) return false;
  const auto row = object_in(here);
  if (!row) return true;
  return std::ranges::any_of(*event.base, [&](const auto& member) {
    const auto& [name, token] = member;
    const cache::Column* column = table.find_column(name);
    if (column == nullptr) return token != "null";
    if (!column->kept) return false;  // what it was nobody saw here
    return !is_same(*column, token, member_of(*row, name).value_or("null"));
  });
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

http::Request request_for(const Event& event, const http::Request& like, const std::string& device,
                          const cache::Table* table) {
  http::Request request = like;
  request.method = event.op == "update" ? "PATCH" : event.op == "delete" ? "DELETE" : "POST";
  request.target =
      "/rest/v1/" + http::percent_encode(event.table) + "?select=" + shown_columns(table);
  if (event.by_key()) request.target += key_conditions(*event.key);
  request.body = event.op == "delete" ? "" : *event.row;
  request.headers.set("Content-Type", "application/json");
  request.headers.set("Accept", "application/json");
  request.headers.set("Prefer", event.op == "upsert"
                                    ? "return=representation,resolution=merge-duplicates"
                                    : "return=representation");
  request.headers.set("Idempotency-Key", idempotency_key(device, event));
  return request;
}

const char* status_of(int status) {
  if (status < 300) return "accepted";
  if (status >= 500 || status == 401 || status == 429) return "retry";
  return "rejected";
}

std::string taken(const Event& event, const char* status, const std::optional<std::string>& row) {
  RawObjectWriter result;
  result.raw("id", event.id_token).text("status", status).raw("row", row);
  return std::move(result).finish();
}

std::string refused(const Event& event, const char* status,
                    const std::optional<std::string>& error) {
  RawObjectWriter result;
  result.raw("id", event.id_token).text("status", status).raw("row", std::nullopt);
  result.raw("error", error);
  return std::move(result).finish();
}

std::string rejected(const Event& event, const std::string& why) {
  RawObjectWriter error;
  error.text("message", why);
  return refused(event, "rejected", std::move(error).finish());
}

std::string result_of(const Event& event, const http::Response& response) {
  if (response.status >= 300) {
    const bool readable = cache::parse_body(response.body).has_value();
    return refused(event, status_of(response.status),
                   readable ? std::optional(response.body) : std::nullopt);
  }
  const auto rows = cache::json_elements(response.body);
  if (rows && !rows->empty()) return taken(event, "accepted", rows->front());
  // The row is gone.
  const bool conflict = rows && event.op == "update";
  return taken(event, conflict ? "conflict" : "accepted", std::nullopt);
}

}  // namespace

struct SyncPush::Batch {
  http::Request request;  // whose headers the events' own requests have
  std::shared_ptr<cache::Store> store;
  std::string device;  // whose ids the events have; empty: they are nobody else's
  std::deque<std::string> events;
  std::string results;
  http::Respond respond;
};

void SyncPush::take(const http::Request& request, std::shared_ptr<cache::Store> store,
                    const http::Respond& respond) const {
  const auto refuse = [&](const std::string& why) {
    respond(error_response(invalid_request("HF400", why)));
  };
  const auto body = cache::parse_body(request.body);
  const bool is_object = body && !body->is_array;
  const auto events =
      cache::json_elements(is_object ? member_of(body->rows[0], "events").value_or("") : "");
  if (!events) return refuse("The body must be an object with a list of events");
  if (events->size() > kMostEvents) {
    return refuse("At most " + std::to_string(kMostEvents) + " events go in one request");
  }
  const auto device = member_of(body->rows[0], "device_id");
  if (device && !device->starts_with('"')) return refuse("device_id must be a text");
  auto batch = std::make_shared<Batch>();
  batch->device = text_in(device);
  batch->request = request;
  batch->store = std::move(store);
  batch->events.assign(events->begin(), events->end());
  batch->respond = respond;
  next_event(batch);
}

void SyncPush::next_event(const std::shared_ptr<Batch>& batch) const {
  if (batch->events.empty()) {
    return batch->respond(http::json_response(200, "{\"results\":[" + batch->results + "]}"));
  }
  const Event event = event_in(batch->events.front());
  batch->events.pop_front();
  const auto finish = [this, batch](const std::string& result) {
    batch->results += (batch->results.empty() ? "" : ",") + result;
    // Not from within the answer of the one before: a batch would nest as deep as it is long.
    context_.workers.post([this, batch] { next_event(batch); });
  };
  if (const std::string fault = fault_of(event); !fault.empty()) {
    return finish(rejected(event, fault));
  }
  const auto schema = schema_of(batch->request, context_.rest.schemas);
  const cache::Table* table = schema ? batch->store->catalog().find(*schema, event.table) : nullptr;
  if (table != nullptr && !names_a_row(*table, event)) {
    return finish(rejected(event, "the event's key must be the table's primary key"));
  }
  // An event that was taken before is answered as it was, whatever has become of its row.
  const std::string app_key = idempotency_key(batch->device, event);
  const bool known =
      queue::Outbox(batch->store->overlay()).answer_for(*batch->store->reader(), app_key) ||
      queue::find_forwarded(*batch->store->reader(), app_key);
  if (!known && table != nullptr && table->primary_key && event.key) {
    const auto here = row_here(*batch->store, *table, *event.key);
    if (has_changed(event, here, *table)) {
      return finish(taken(event, "conflict", here));
    }
  }
  rest_.handle(
      request_for(event, batch->request, batch->device, table), event.table,
      [event, finish](const http::Response& response) { finish(result_of(event, response)); });
}

}  // namespace holdfast::routes
