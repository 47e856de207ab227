#pragma once

#include "cache/replica/mutation.h"
#include "gateway/http/request.h"
#include "routes/preferences.h"

namespace holdfast::routes {

// Whether the body of a POST, PATCH or PUT is of a type that parse_mutation() reads.
bool has_known_body(const http::Request& request);

// A POST, PATCH, PUT or DELETE of `table` as a mutation: the query, and the body as JSON, CSV or a
// form (its values are text then, as PostgREST reads them). PostgREST's errors that need neither
// rows nor upstream: PGRST100, PGRST102, PGRST105, PGRST114, PGRST115, PGRST204.
Result<cache::Mutation> parse_mutation(const http::Request& request, const cache::Table& table,
                                       const Preferences& preferences);

}  // namespace holdfast::routes
