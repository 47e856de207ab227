#pragma once

#include <string>

#include "gateway/base/result.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::identity {

// Asks the upstream's GET /auth/v1/user whether `token` is a living session of `subject`.
// Errors: PGRST301 when it says no, kUpstreamUnavailable when it says nothing that counts.
// Blocks for one call.
Result<void> confirm_with_upstream(upstream::Upstream& upstream, const std::string& api_key,
                                   const std::string& token, const std::string& subject);

}  // namespace holdfast::identity
