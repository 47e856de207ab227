#pragma once

#include <exception>
#include <optional>
#include <string>

#include "gateway/base/logging.h"
#include "gateway/base/result.h"
#include "gateway/http/response.h"

namespace holdfast::routes {

// The one place where an outcome becomes an HTTP status and body: statuses as PostgREST's error
// table gives them, bodies with its four keys. `signed_in` tells 42501's 403 from its 401.
http::Response error_response(const Error& error, bool signed_in = false);
// 405 HF405, with Allow; `allowed`: its methods, as in "GET, HEAD".
http::Response method_not_allowed(const std::string& allowed);
// 507 for a full disk, else 500, and what that means; the fault is logged and never shown.
http::Response fault_response(const std::exception_ptr& fault, Logger& logger,
                              const std::string& meaning = "the write was not taken");

// 504 HF504: right in itself, but not answerable without the upstream, which is away. Not 503,
// which makes clients repeat it for seconds.
Error not_answerable_offline(const std::string& reason);

// 504 HF504: only the upstream could answer, for `reason`, and it does not know the row yet.
Error unsent_row(const std::string& reason);
// 409 HF409.
Error conflict_error(std::string message, std::optional<std::string> details = std::nullopt,
                     std::optional<std::string> hint = std::nullopt);
// 409 HF409: of an outbox entry that may not be changed.
Error entry_closed();
// 409 HF409: nobody can tell which row it is.
Error lost_id();
// The same: there never was one; it is another user's.
Error given_up_id();
Error foreign_id();

}  // namespace holdfast::routes
