#pragma once

#include "gateway/base/result.h"
#include "gateway/http/response.h"

namespace holdfast::routes {

// The one place where an outcome becomes an HTTP status and body: statuses as PostgREST's error
// table gives them, bodies with its four keys. `signed_in` tells 42501's 403 from its 401.
http::Response error_response(const Error& error, bool signed_in = false);

// 504 HF504: right in itself, but not answerable without the upstream, which is away. Not 503,
// which makes clients repeat it for seconds.
Error not_answerable_offline(const std::string& reason);

// 504 HF504: only the upstream could answer, for `reason`, and it does not know the row yet.
Error unsent_row(const std::string& reason);
// 409 HF409: nobody can tell which row it is.
Error lost_id();
// The same: there never was one; it is another user's.
Error given_up_id();
Error foreign_id();

}  // namespace holdfast::routes
