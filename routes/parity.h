#pragma once

#include <string>

#include "queue/synchronizer.h"

namespace holdfast::routes {

// The body of POST /sync/verify: whether each principal's replica is what the upstream shows, with
// every difference. {"equal", "principals": [{"principal", "equal", "reason", "tables": […]}]}
std::string parity_json(const queue::Synchronizer::Replicas& replicas);

// The body of GET /sync/verify: how far the comparison is, {"rows_done", "rows"}.
std::string parity_progress_json(const ProgressCount::State& progress);

}  // namespace holdfast::routes
