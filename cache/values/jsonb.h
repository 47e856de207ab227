#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace holdfast::cache {

// The text as jsonb_in() reads and jsonb_out() prints it: keys unique (the last wins) and ordered
// by length, then bytes; ", " and ": "; numbers as numeric digits; escapes only where JSON needs
// them. Errors: 22P02, 22P05 (\u0000), 22003; kForwardCode beyond a thousand levels.
Result<std::string> canonical_jsonb(std::string_view text);

}  // namespace holdfast::cache
