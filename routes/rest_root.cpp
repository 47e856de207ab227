#include "routes/rest_root.h"

#include <algorithm>

#include "routes/cache_control.h"
#include "routes/error_response.h"
#include "routes/media_type.h"
#include "routes/openapi.h"
#include "routes/profile.h"
#include "routes/request_query.h"

namespace holdfast::routes {
namespace {

std::optional<Error> refuse_media_type(const http::Headers& headers) {
  const auto accepted = accepted_types(headers);
  const auto is_made = [](const AcceptedType& type) {
    return type.is("application/openapi+json") || type.is("application/json") || type.is("*/*");
  };
  if (accepted.empty() || std::ranges::any_of(accepted, is_made)) return std::nullopt;
  return not_acceptable(accepted);
}

}  // namespace

void RestRoot::handle(RestRequest rest, http::Respond respond) const {
  if (rest.request.method == "OPTIONS") {
    if (auto checked = check_query(rest.request); !checked) {
      return respond(error_response(checked.error()));
    }
    return respond({200, {{"Allow", "OPTIONS,GET,HEAD"}, {"Vary", kVary}}, ""});
  }
  if (!is_read(rest.request)) return respond(error_response(unsupported_method(rest.request)));
  const auto schema = schema_of(rest.request, context_.rest.schemas);
  if (!schema) return respond(error_response(schema.error()));
  if (auto checked = check_query(rest.request); !checked) {
    return respond(error_response(checked.error()));
  }
  if (const auto refusal = refuse_media_type(rest.request.headers)) {
    return respond(error_response(*refusal));
  }
  const bool has_upstream = !context_.standalone && !context_.replica.imported_only;
  if (!has_upstream) {
    auto local = describe(rest, *schema);
    return respond(local ? *std::move(local)
                         : error_response(not_answerable_offline("no catalog is known")));
  }
  ForwardedRead read{rest.request, rest.store, rest.caller.principal, "the API's description"};
  read.answer_here = [self = *this, rest = std::move(rest), schema = *schema](NoAnswer) {
    return self.describe(rest, schema);
  };
  reads_.forward(std::move(read), std::move(respond));
}

std::optional<http::Response> RestRoot::describe(const RestRequest& rest,
                                                 const std::string& schema) const {
  const cache::Catalog& catalog = rest.store->catalog();
  if (catalog.empty() || catalog.is_partial()) return std::nullopt;
  http::Response response;
  response.headers.add("Content-Type", "application/openapi+json; charset=utf-8");
  if (auto profile = answered_profile(rest.request, context_.rest.schemas)) {
    response.headers.add("Content-Profile", *std::move(profile));
  }
  response.headers.add("Vary", kVary);
  response.headers.add("Cache-Status", hit_status());
  if (rest.request.method == "HEAD") return response;
  const std::string host(rest.request.headers.find("Host").value_or("localhost"));
  response.body =
      openapi_document(catalog, schema, rest.caller.principal.role, {rest.request.secure, host});
  return response;
}

}  // namespace holdfast::routes
