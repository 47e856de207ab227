#pragma once

#include <string>

#include "gateway/base/result.h"
#include "gateway/cli/common.h"

namespace holdfast::cli {

// One request to the gateway that runs on the data folder, with its control token and `body`
// (JSON). The answer's body; an error when none runs there, or with its words when it refuses.
Result<std::string> ask_gateway(const CommonOptions& options, const std::string& method,
                                const std::string& target, const std::string& body = "");

}  // namespace holdfast::cli
