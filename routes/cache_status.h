#pragma once

#include <string>

namespace holdfast::routes {

// Cache-Status (RFC 9211) of an answer from the replica.
std::string hit_status();
// Of one that was, or would have been, the upstream's: "holdfast; fwd=miss; detail=…".
std::string forwarded_status(const std::string& reason);

}  // namespace holdfast::routes
