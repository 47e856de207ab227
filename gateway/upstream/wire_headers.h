#pragma once

#include <string>
#include <string_view>

#include "gateway/http/headers.h"

namespace holdfast::upstream {

// Whether the field speaks of one connection only (RFC 9110 7.6.1), or is set by whoever sends a
// message: Host, Content-Length.
bool belongs_to_the_hop(std::string_view name);

// `headers` without the fields of the hop, those that Connection names included.
http::Headers end_to_end(const http::Headers& headers);

// httplib percent-decodes the values that it reads. Encodes again what cannot stand in a field:
// control characters everywhere, and what is not a URI character in the fields that hold one.
std::string repair_value(std::string_view name, std::string value);

}  // namespace holdfast::upstream
