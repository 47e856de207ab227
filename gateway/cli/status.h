#pragma once

#include <nlohmann/json_fwd.hpp>

#include "gateway/base/clock.h"

namespace holdfast::cli {

// GET /status for a person, on stdout.
void print_status(const nlohmann::json& status, Timestamp now);

}  // namespace holdfast::cli
