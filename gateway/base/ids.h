#pragma once

#include <string>
#include <string_view>

#include "gateway/base/clock.h"

namespace holdfast {

// A random UUID (RFC 9562 version 4), lower case, from the system's random source.
std::string new_uuid();

// A UUID whose order follows `now` (RFC 9562 version 7): 48 bits of milliseconds, then random.
std::string new_ordered_uuid(Timestamp now);

// Whether `text` is a UUID in its canonical form of 36 characters, either case.
bool is_uuid(std::string_view text);

}  // namespace holdfast
