#pragma once

#include <chrono>
#include <functional>
#include <optional>

#include "queue/options.h"

namespace holdfast::queue {

// Uniform in [0, 1). Tests pass a constant.
using Random = std::function<double()>;

// The wait before send number `attempts` + 1: full jitter over a bound that doubles from
// backoff_base to backoff_cap, and never less than the upstream's Retry-After. Zero jitter would
// bring all devices of an outage back at the same moment.
std::chrono::milliseconds backoff(const DispatcherOptions& options, int attempts,
                                  std::optional<std::chrono::seconds> retry_after,
                                  const Random& random);

// Sends that fail with a server error are seldom repeated after so many, see kStalledWait.
inline constexpr int kAttemptsBeforeStalled = 10;
inline constexpr std::chrono::milliseconds kStalledWait = std::chrono::hours(1);

}  // namespace holdfast::queue
