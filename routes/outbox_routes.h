#pragma once

#include <optional>
#include <string>

#include "gateway/http/response.h"
#include "routes/context.h"

namespace holdfast::routes {

// GET /outbox[?state=dead][&limit=N]: the unfinished entries and dead letters of all principals, or
// those in one state or "unfinished", oldest first; at most N of them.
http::Response list_outbox(const Context& context, const http::Request& request);
// GET /outbox/{id}: one entry with what it does to rows.
http::Response show_entry(const Context& context, const std::string& id);
// POST /outbox/{id}/retry: sends it again at once. Its effects are shown again if it was dead.
http::Response retry_entry(const Context& context, const std::string& id);
// POST /outbox/{id}/release: sends it although its user's claims have changed (hard case 1). 409
// where it is not held for that.
http::Response release_entry(const Context& context, const std::string& id);
// POST /outbox/{id}/discard: gives it up; its effects are taken back.
http::Response discard_entry(const Context& context, const std::string& id);
// POST /outbox/{id}/edit with {"body":…}: another body for the same rows, under a new idempotency
// key, sent at once. 400 with the upstream's or Postgres' words where it cannot be.
http::Response edit_entry(const Context& context, const std::string& id, const std::string& body);

// POST /outbox/retry and /outbox/discard: all entries that fit {"state":"dead","reason":"23514",
// "table":"todos"}; each may be left out, the state is then "dead", and a reason is any part of the
// upstream's words. Answers {"changed":n,"ids":[…]}.
enum class BulkChange { kRetry, kDiscard };
http::Response change_entries(const Context& context, BulkChange change, const std::string& body);

// Everything below /outbox and /conflicts; `path` is normal. nullopt: there is no such route.
// Waits for the disk.
std::optional<http::Response> queue_route(const Context& context, const http::Request& request,
                                          const std::string& path);

}  // namespace holdfast::routes
