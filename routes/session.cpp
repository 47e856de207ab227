#include "routes/session.h"

#include "cache/replica/zoned_body.h"
#include "cache/values/codec.h"

namespace holdfast::routes {

void set_request_session(const cache::Catalog& catalog, const http::Principal& principal,
                         const Preferences& preferences, cache::query::PlanOptions& options) {
  cache::query::set_session(catalog.session(principal.role), options);
  if (!preferences.timezone) return;
  options.timezone = *preferences.timezone;
  options.sessions_own = false;
}

cache::query::PlanOptions write_options(const RestOptions& rest, const cache::Catalog& catalog,
                                        const http::Principal& principal,
                                        const Preferences& preferences) {
  cache::query::PlanOptions options;
  options.max_rows = 0;
  options.text_order = rest.text_order;
  set_request_session(catalog, principal, preferences, options);
  return options;
}

Result<void> put_in_zone(const cache::Catalog& catalog, const http::Principal& principal,
                         const Preferences& preferences, cache::Mutation& mutation) {
  cache::query::PlanOptions options;
  set_request_session(catalog, principal, preferences, options);
  if (preferences.timezone) return cache::put_in_zone(mutation, options.timezone);
  if (options.timezone.empty() || !cache::names_moments(mutation)) return {};
  auto put = cache::put_in_zone(mutation, options.timezone);
  if (put) return put;
  return Error{ErrorKind::kInvalidRequest, cache::kForwardCode,
               "the time zone of the upstream's sessions", std::nullopt, std::nullopt};
}

}  // namespace holdfast::routes
