#pragma once

#include <string>

#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// GET /conflicts[?state=open][&limit=N]: the conflicts of all principals, oldest first: open,
// resolved, reported; the newest N of them.
http::Response list_conflicts(const Context& context, const http::Request& request);
// GET /conflicts/{id}: one, with base, local and remote row.
http::Response show_conflict(const Context& context, const std::string& id);
// POST /conflicts/{id}/resolve with {"choice":"local"|"remote"|"merged","row":{…}}: what a person
// decides about an open one. 409 when it is decided already.
http::Response resolve_conflict(const Context& context, const std::string& id,
                                const std::string& body);

}  // namespace holdfast::routes
