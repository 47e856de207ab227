#pragma once

#include <string>

#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// GET /outbox[?state=dead]: the unfinished entries and dead letters of all principals, or those in
// one state, oldest first.
http::Response list_outbox(const Context& context, const http::Request& request);
// GET /outbox/{id}: one entry with what it does to rows.
http::Response show_entry(const Context& context, const std::string& id);
// POST /outbox/{id}/retry: sends it again at once. Its effects are shown again if it was dead.
http::Response retry_entry(const Context& context, const std::string& id);
// POST /outbox/{id}/discard: gives it up; its effects are taken back.
http::Response discard_entry(const Context& context, const std::string& id);

}  // namespace holdfast::routes
