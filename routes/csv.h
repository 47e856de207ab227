#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"

namespace holdfast::routes {

// The lines of a CSV text (RFC 4180) as fields; a blank line is none. PGRST102 for a quote that
// is not closed, or that stands within a field without quotes.
Result<std::vector<std::vector<std::string>>> parse_csv(std::string_view text);

}  // namespace holdfast::routes
