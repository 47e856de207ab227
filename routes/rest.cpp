#include "routes/rest.h"

#include "cache/query/relationships.h"
#include "cache/query/suggestions.h"
#include "routes/answer_later.h"
#include "routes/cache_control.h"
#include "routes/error_response.h"
#include "routes/forwarded_once.h"
#include "routes/old_ids.h"
#include "routes/profile.h"
#include "routes/request_query.h"
#include "routes/rest_read.h"
#include "routes/rest_root.h"
#include "routes/rest_write.h"
#include "routes/rpc.h"
#include "routes/unknown_name.h"

namespace holdfast::routes {
namespace {

http::Response options_response(const cache::Catalog& catalog, const cache::Table& table) {
  std::string allowed = "OPTIONS,GET,HEAD";
  if (table.insertable) allowed += ",POST";
  if (table.insertable && table.updatable &&
      !cache::query::primary_key_columns(catalog, table).empty()) {
    allowed += ",PUT";
  }
  if (table.updatable) allowed += ",PATCH";
  if (table.deletable) allowed += ",DELETE";
  return {200, {{"Allow", allowed}, {"Vary", kVary}}, ""};
}

Error unknown_table(const cache::Catalog& catalog, const std::string& schema,
                    const std::string& name) {
  std::vector<std::string> names;
  for (const auto& table : catalog.tables()) {
    if (table.exposed && table.schema == schema) names.push_back(table.name);
  }
  const auto near = cache::query::closest_name(names, name, 0.75);
  return {ErrorKind::kNotFound, "PGRST205",
          "Could not find the table '" + schema + "." + name + "' in the schema cache",
          std::nullopt,
          near ? std::optional("Perhaps you meant the table '" + schema + "." + *near + "'")
               : std::nullopt};
}

}  // namespace

Rest::Rest(const Context& context) : context_(context), reads_(context) {}

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
  store->note_used(context_.clock.now());
  if (store->replicated().empty() && context_.came_back &&
      context_.stores.is_absent(store->principal().id)) {
    context_.came_back(store->principal());
  }
  RestRequest rest{std::move(request), std::move(caller), std::move(resource), std::move(store)};
  if (rest.resource.empty()) {
    return RestRoot(context_, reads_).handle(std::move(rest), std::move(respond));
  }
  if (rest.resource.starts_with("rpc/")) {
    return Rpc(context_, reads_).handle(std::move(rest), std::move(respond));
  }
  handle_table(std::move(rest), std::move(respond));
}

void Rest::handle_table(RestRequest rest, http::Respond respond) const {
  if (rest.resource.find('/') != std::string::npos) {
    return respond(
        error_response({ErrorKind::kNotFound, "PGRST125", "Invalid path specified in request URL",
                        std::nullopt, std::nullopt}));
  }
  const auto schema = schema_of(rest.request, context_.rest.schemas);
  if (!schema) return respond(error_response(schema.error()));
  const cache::Table* table = rest.store->catalog().find(*schema, rest.resource);
  if (table == nullptr || !table->exposed) {
    // The upstream may have it since; offline the catalog is all that is known.
    const cache::Catalog& known = rest.store->catalog();
    const bool asks = !context_.connectivity.offline() && !context_.replica.imported_only;
    if (asks || known.empty() || known.is_partial()) {
      if (is_read(rest.request)) {
        return reads_.forward({std::move(rest.request), std::move(rest.store),
                               std::move(rest.caller.principal), kUnknownName},
                              std::move(respond));
      }
      return answer_later(
          context_, std::move(respond),
          [this, rest = std::move(rest)] {
            const auto forwarded = ForwardedOnce(context_, rest.store, rest.request)
                                       .forward(rest.request, "the table is not in the catalog");
            note_unknown_name(context_, forwarded.response.status);
            return forwarded.response;
          },
          "the write may or may not have taken effect");
    }
    const auto checked = check_query(rest.request);
    return respond(
        error_response(checked ? unknown_table(known, *schema, rest.resource) : checked.error()));
  }
  if (is_read(rest.request)) {
    put_real_ids(rest);
    return RestRead(context_, reads_).handle(std::move(rest), *table, respond);
  }
  if (is_write(rest.request)) {
    return RestWrite(context_).handle(std::move(rest), *table, std::move(respond));
  }
  if (rest.request.method == "OPTIONS") {
    if (auto checked = check_query(rest.request); !checked) {
      return respond(error_response(checked.error()));
    }
    return respond(options_response(rest.store->catalog(), *table));
  }
  respond(error_response(unsupported_method(rest.request)));
}

}  // namespace holdfast::routes
