#include "routes/bundle_import.h"

#include <nlohmann/json.hpp>

#include "cache/catalog/catalog.h"
#include "cache/replica/bundle.h"
#include "gateway/http/uri.h"
#include "gateway/identity/jwt.h"
#include "queue/journal.h"
#include "queue/outbox.h"
#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

bool has_writes(cache::Store& store) {
  return !queue::Outbox(store.overlay()).empty(*store.reader());
}

Result<std::int64_t> import_rows(const Context& context, const http::Principal& principal,
                                 const std::string& bundle) {
  const auto store = context.stores.open(principal);
  cache::ImportProgress progress;
  HF_TRY(const std::int64_t rows, cache::import_bundle(*store, bundle, progress));
  store->writer().run(cache::Writer::Priority::kEssential, [&](cache::Transaction& transaction) {
    queue::Journal::note(transaction, "import", std::to_string(rows) + " rows");
  });
  return rows;
}

Result<nlohmann::json> take_bundle(const Context& context, const http::Request& request) {
  if (!context.use_catalog) {
    return conflict_error(
        "The rows of this gateway come from its upstream", std::nullopt,
        "A bundle primes a gateway without an upstream, or a folder on which none runs.");
  }
  const auto who = http::query_parameter(request.query(), "principal");
  HF_TRY(const http::Principal principal, identity::principal_named(who));
  HF_TRY(const cache::Catalog catalog, cache::catalog_of_bundle(request.body));
  HF_TRY_VOID(cache::check_bundle(catalog, principal, request.body));
  if (has_writes(*context.stores.open(principal))) {
    return conflict_error("There are writes that are not delivered", std::nullopt,
                          "Deliver or discard them first.");
  }
  if (!context.use_catalog(cache::print_catalog(catalog))) {
    return invalid_request("HF400", "The bundle's tables cannot be served");
  }
  HF_TRY(const std::int64_t rows, import_rows(context, principal, request.body));
  return nlohmann::json{{"rows", rows}, {"principal", principal.id}};
}

}  // namespace

http::Response import_bundle(const Context& context, const http::Request& request) {
  const auto outcome = take_bundle(context, request);
  if (!outcome) return error_response(outcome.error());
  return http::json_response(200, outcome->dump());
}

}  // namespace holdfast::routes
