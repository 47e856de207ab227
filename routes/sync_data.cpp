#include "routes/sync_data.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "cache/replica/change_feed.h"
#include "cache/replica/key.h"
#include "gateway/http/uri.h"
#include "queue/row_state.h"
#include "routes/error_response.h"
#include "routes/profile.h"
#include "routes/request_query.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

constexpr std::int64_t kMostChanges = 1'000;

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

}  // namespace

bool SyncData::route(const http::Request& request, const std::string& path,
                     const http::Respond& respond) const {
  const bool is_row = path.starts_with("/sync/rows/");
  const bool reads = path == "/sync/changes" || is_row;
  if (!reads && path != "/sync/push") return false;
  if (request.method != (reads ? "GET" : "POST")) {
    respond(method_not_allowed(reads ? "GET" : "POST"));
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
    return reads ? changes(request, *store, respond)
                 : push_.take(request, std::move(store), respond);
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

}  // namespace holdfast::routes
