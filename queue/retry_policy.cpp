#include "queue/retry_policy.h"

#include <algorithm>

namespace holdfast::queue {

std::chrono::milliseconds backoff(const DispatcherOptions& options, int attempts,
                                  std::optional<std::chrono::seconds> retry_after,
                                  const Random& random) {
  auto bound = options.backoff_base;
  for (int i = 1; i < attempts && bound < options.backoff_cap; ++i) bound *= 2;
  bound = std::min(bound, options.backoff_cap);
  const auto jittered = std::chrono::milliseconds(
      static_cast<std::int64_t>(random() * static_cast<double>(bound.count())));
  return retry_after ? std::max<std::chrono::milliseconds>(*retry_after, jittered) : jittered;
}

}  // namespace holdfast::queue
