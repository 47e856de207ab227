#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/error.h"
#include "gateway/http/request.h"

namespace holdfast::identity {

// The key in the `apikey` field, else in the query's `apikey`; empty when there is none.
std::string presented_key(const http::Request& request);

// The token of `Authorization: Bearer`, perhaps empty; nullopt without the field or for another
// scheme. Valid until the headers change.
std::optional<std::string_view> bearer_token(const http::Headers& headers);

// The 401s of Supabase's edge, to be told by their codes: their bodies have only two keys.
Error no_api_key();       // HF_NO_API_KEY
Error invalid_api_key();  // HF_INVALID_API_KEY

}  // namespace holdfast::identity
