#include "routes/rpc.h"

#include <algorithm>

#include "cache/values/json.h"
#include "routes/answer_later.h"
#include "routes/cache_control.h"
#include "routes/error_response.h"
#include "routes/forwarded_once.h"
#include "routes/media_type.h"
#include "routes/old_ids.h"
#include "routes/opaque_write.h"
#include "routes/profile.h"

namespace holdfast::routes {
namespace {

enum class Effects { kUnknown, kNone, kWrites };

// Of all functions of the name: arguments decide among them, which only the upstream matches.
Effects effects_of(const cache::Catalog& catalog, const std::string& schema,
                   std::string_view name) {
  Effects effects = Effects::kUnknown;
  for (const auto& function : catalog.functions()) {
    if (function.schema != schema || function.name != name) continue;
    if (function.volatility == cache::Volatility::kVolatile) return Effects::kWrites;
    effects = Effects::kNone;
  }
  return effects;
}

bool returns_rows(const cache::Catalog& catalog, const std::string& schema, std::string_view name) {
  return std::ranges::any_of(catalog.functions(), [&](const cache::Function& function) {
    return function.schema == schema && function.name == name && function.returns_set;
  });
}

Error wrong_path() {
  return {ErrorKind::kNotFound, "PGRST125", "Invalid path specified in request URL", std::nullopt,
          std::nullopt};
}

Error wrong_method(const std::string& method) {
  return {ErrorKind::kInvalidRequest, "PGRST101", "Cannot use the " + method + " method on RPC",
          std::nullopt, std::nullopt};
}

http::Response options_response(Effects effects) {
  return {200,
          {{"Allow", effects == Effects::kWrites ? "OPTIONS,POST" : "OPTIONS,GET,HEAD,POST"},
           {"Vary", kVary}},
          ""};
}

}  // namespace

void Rpc::handle(RestRequest rest, http::Respond respond) const {
  const std::string name = rest.resource.substr(std::string_view("rpc/").size());
  if (name.empty() || name.find('/') != std::string::npos) {
    return respond(error_response(wrong_path()));
  }
  const auto schema = schema_of(rest.request, context_.rest.schemas);
  if (!schema) return respond(error_response(schema.error()));
  const Effects effects = effects_of(rest.store->catalog(), *schema, name);
  const std::string& method = rest.request.method;
  if (method == "OPTIONS" && effects != Effects::kUnknown) {
    return respond(options_response(effects));
  }
  const bool reads = is_read(rest.request) || method == "OPTIONS" ||
                     (method == "POST" && effects == Effects::kNone);
  if (!reads && method != "POST") return respond(error_response(wrong_method(method)));
  if (context_.standalone) {
    return respond(error_response(not_answerable_offline("A function runs at the upstream only")));
  }
  if (!reads && is_queued(rest, *schema, name)) {
    const auto preferences = parse_preferences(rest.request.headers);
    if (!preferences) return respond(error_response(preferences.error()));
    // Only the upstream rolls back what has met too many rows.
    const bool bounded =
        preferences->bounds_rows() ||
        (returns_rows(rest.store->catalog(), *schema, name) && wants_one_row(rest.request.headers));
    if (preferences->transaction != TransactionEnd::kRollback && !bounded) {
      if (rest.request.body.empty()) rest.request.body = "{}";
      return OpaqueWrite(context_).handle({std::move(rest), "call", *schema + "." + name,
                                           "a function that may write", *preferences},
                                          std::move(respond));
    }
  }
  const auto named = put_real_ids_into_write(rest);
  if (const auto refused = refuse_ids(context_, *rest.store, named)) {
    return respond(error_response(*refused));
  }
  if (named.waiting) return respond(error_response(unsent_row("it is a function")));
  if (!reads) return call(std::move(rest), std::move(respond));
  reads_.forward({std::move(rest.request), std::move(rest.store), std::move(rest.caller.principal),
                  ForwardReason(ForwardReason::Kind::kMiss, "a function")},
                 std::move(respond));
}

bool Rpc::is_queued(const RestRequest& rest, const std::string& schema,
                    const std::string& name) const {
  const auto& listed = context_.rest.queued_functions;
  const bool first = schema == context_.rest.schemas.front();
  if (std::none_of(listed.begin(), listed.end(), [&](const std::string& each) {
        return each == schema + "." + name || (first && each == name);
      })) {
    return false;
  }
  const auto type = rest.request.headers.find("Content-Type");
  if (type && type->find("json") == std::string_view::npos) return false;
  if (rest.request.body.empty()) return true;
  const auto arguments = cache::parse_body(rest.request.body, cache::BodyKeys::kAny);
  return arguments && !arguments->is_array;
}

void Rpc::call(RestRequest rest, http::Respond respond) const {
  answer_later(
      context_, std::move(respond),
      [context = &context_, rest = std::move(rest)] {
        const ForwardedOnce once(*context, rest.store, rest.request);
        if (auto repeated = once.repeated()) return *std::move(repeated);
        if (!context->connectivity.offline()) {
          context->synchronizer.wait_until_sent(*rest.store, kDeliveryWait);
        }
        const auto forwarded = once.forward(rest.request, "a function that may write");
        if (forwarded.may_have_changed()) {
          rest.store->note_forwarded_write();
          context->synchronizer.wake_puller(rest.store->principal().id);
        }
        return forwarded.response;
      },
      "the call may or may not have taken effect");
}

}  // namespace holdfast::routes
