#include "routes/rest.h"

#include <algorithm>

#include "cache/query/suggestions.h"
#include "routes/error_response.h"
#include "routes/rest_read.h"
#include "routes/rest_write.h"

namespace holdfast::routes {
namespace {

bool is_read(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

bool is_write(const http::Request& request) {
  return request.method == "POST" || request.method == "PATCH" || request.method == "PUT" ||
         request.method == "DELETE";
}

http::Response options_response(const cache::Table& table) {
  const bool writable = !table.is_view();
  http::Response response{200, {}, ""};
  response.headers.add("Allow",
                       writable ? "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE" : "OPTIONS,GET,HEAD");
  return response;
}

Error unknown_table(const cache::Catalog& catalog, const std::string& schema,
                    const std::string& name) {
  std::vector<std::string> names;
  for (const auto& table : catalog.tables()) {
    if (table.exposed && table.schema == schema) names.push_back(table.name);
  }
  const auto near = cache::query::closest_name(names, name);
  return {ErrorKind::kNotFound, "PGRST205",
          "Could not find the table '" + schema + "." + name + "' in the schema cache",
          std::nullopt,
          near ? std::optional("Perhaps you meant the table '" + schema + "." + *near + "'")
               : std::nullopt};
}

}  // namespace

Rest::Rest(const Context& context, const Forwarder& forwarder)
    : context_(context), forwarder_(forwarder) {}

void Rest::handle(http::Request request, std::string resource, http::Respond respond) const {
  auto authentication = context_.authenticator.authenticate(request);
  if (auto* error = std::get_if<Error>(&authentication)) return respond(error_response(*error));
  if (auto* caller = std::get_if<http::Caller>(&authentication)) {
    return handle_known(std::move(request), std::move(resource), std::move(*caller),
                        std::move(respond));
  }
  // Only the upstream knows this token: ask it where waiting is allowed.
  context_.workers.post([this, request = std::move(request), resource = std::move(resource),
                         respond = std::move(respond)]() mutable {
    auto confirmed = context_.authenticator.confirm(request);
    if (!confirmed) return respond(error_response(confirmed.error()));
    handle_known(std::move(request), std::move(resource), *std::move(confirmed),
                 std::move(respond));
  });
}

void Rest::handle_known(http::Request request, std::string resource, http::Caller caller,
                        http::Respond respond) const {
  // Where the local store is the truth there is one, whoever asks.
  auto store =
      context_.stores.open(context_.standalone ? http::Principal::anonymous() : caller.principal);
  RestRequest rest{std::move(request), std::move(caller), std::move(resource), std::move(store)};
  if (rest.resource.empty()) {
    return forwarder_.forward(std::move(rest.request), Surface::kData, "the API's description",
                              std::move(respond));
  }
  if (rest.resource.starts_with("rpc/")) return handle_function(std::move(rest), respond);
  handle_table(std::move(rest), std::move(respond));
}

Result<std::string> Rest::schema_of(const http::Request& request) const {
  const auto profile =
      request.headers.find(is_write(request) ? "Content-Profile" : "Accept-Profile");
  const auto& schemas = context_.rest.schemas;
  if (!profile) return schemas.front();
  if (std::find(schemas.begin(), schemas.end(), *profile) != schemas.end()) {
    return std::string(*profile);
  }
  std::string names;
  for (const auto& schema : schemas) names += (names.empty() ? "" : ", ") + schema;
  return invalid_request("PGRST106", "Invalid schema: " + std::string(*profile), std::nullopt,
                         "Only the following schemas are exposed: " + names);
}

void Rest::handle_table(RestRequest rest, http::Respond respond) const {
  if (rest.resource.find('/') != std::string::npos) {
    return respond(
        error_response({ErrorKind::kNotFound, "PGRST125", "Invalid path specified in request URL",
                        std::nullopt, std::nullopt}));
  }
  const auto schema = schema_of(rest.request);
  if (!schema) return respond(error_response(schema.error()));
  const cache::Table* table = rest.store->catalog().find(*schema, rest.resource);
  if (table == nullptr || !table->exposed) {
    // The upstream may have it since; offline the catalog is all that is known.
    if (!context_.connectivity.offline() || rest.store->catalog().empty()) {
      return forwarder_.forward(std::move(rest.request), Surface::kData,
                                "the table is not in the catalog", std::move(respond));
    }
    return respond(error_response(unknown_table(rest.store->catalog(), *schema, rest.resource)));
  }
  if (is_read(rest.request)) {
    return RestRead(context_, forwarder_).handle(std::move(rest), *table, std::move(respond));
  }
  if (is_write(rest.request)) {
    return RestWrite(context_, forwarder_).handle(std::move(rest), *table, std::move(respond));
  }
  if (rest.request.method == "OPTIONS") return respond(options_response(*table));
  respond(error_response({ErrorKind::kInvalidRequest, "PGRST117",
                          "Unsupported HTTP method: " + rest.request.method, std::nullopt,
                          std::nullopt}));
}

void Rest::handle_function(RestRequest rest, http::Respond respond) const {
  // A function may write whatever it likes, unless it is called by GET: then it is read-only.
  if (is_read(rest.request)) {
    return forwarder_.forward_after_writes(std::move(rest.request), std::move(rest.store),
                                           "a function", std::move(respond));
  }
  auto store = rest.store;
  forwarder_.forward_after_writes(std::move(rest.request), std::move(rest.store), "a function",
                                  [this, store, respond](http::Response response) {
                                    store->note_forwarded_write();
                                    context_.synchronizer.wake_puller(store->principal().id);
                                    respond(std::move(response));
                                  });
}

}  // namespace holdfast::routes
