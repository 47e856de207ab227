#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "gateway/base/clock.h"

namespace holdfast::cli {

// GET /status for a person, on stdout. `url`: of the gateway that said it; empty where none runs.
void print_status(const nlohmann::json& status, const std::string& url, Timestamp now);

}  // namespace holdfast::cli
