#pragma once

#include <exception>
#include <string>

#include "cache/replica/mutation.h"
#include "gateway/base/logging.h"
#include "gateway/http/response.h"
#include "routes/media_type.h"
#include "routes/preferences.h"

namespace holdfast::routes {

// What PostgREST answers to a mutation that succeeded. `body` is its representation, if one is
// asked; `outbox_id` the first entry's, empty when nothing had to be queued.
http::Response write_answer(const cache::Mutation& mutation, const cache::Changes& changes,
                            const Preferences& preferences, const MediaType& media,
                            std::string body, const std::string& outbox_id, bool standalone);

// 507 for a full disk, else 500; the fault is logged and never shown.
http::Response fault_response(const std::exception_ptr& fault, Logger& logger);

// An answer as text and back, to be replayed for the same Idempotency-Key.
std::string print_answer(const http::Response& response);
http::Response read_answer(const std::string& text);

}  // namespace holdfast::routes
