#pragma once

#include <string>

#include "cache/catalog/catalog.h"
#include "cache/query/query.h"
#include "gateway/base/result.h"
#include "gateway/http/principal.h"
#include "routes/options.h"
#include "routes/preferences.h"

namespace holdfast::cache {
struct Mutation;
}

namespace holdfast::routes {

// How the upstream's session would read and print for a request: as its role's settings say, and
// what it prefers. Free functions; thread-safe.
void set_request_session(const cache::Catalog& catalog, const http::Principal& principal,
                         const Preferences& preferences, cache::query::PlanOptions& options);

// For what is computed of a write: in that session, and of all its rows.
cache::query::PlanOptions write_options(const RestOptions& rest, const cache::Catalog& catalog,
                                        const http::Principal& principal,
                                        const Preferences& preferences);

// Writes the moments of the body that name no zone as that session means them. Errors: 22023 of the
// zone that is preferred; kForwardCode of one that is set and not known here.
Result<void> put_in_zone(const cache::Catalog& catalog, const http::Principal& principal,
                         const Preferences& preferences, cache::Mutation& mutation);

}  // namespace holdfast::routes
