#pragma once

#include <optional>
#include <string>

#include "gateway/base/result.h"
#include "gateway/cli/common.h"

namespace holdfast::cli {

// One request of the control surface with `body` (JSON): to the gateway that runs on the data
// folder, else answered from the folder itself. The answer's body; an error with the gateway's
// words when it refuses, or when there is no such folder. Throws what App::open() throws.
Result<std::string> ask_gateway(const CommonOptions& options, const std::string& method,
                                const std::string& target, const std::string& body = "");

// GET `target` from the gateway that runs on the data folder; nullopt where none does, or does not
// answer.
std::optional<std::string> ask_running(const CommonOptions& options, const std::string& target);

}  // namespace holdfast::cli
