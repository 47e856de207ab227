#pragma once

#include <chrono>

namespace holdfast::queue {

struct DispatcherOptions {
  // First wait after a failed send; doubled with each further one, with full jitter.
  std::chrono::milliseconds backoff_base{5'000};
  // The longest wait between two sends of an entry.
  std::chrono::milliseconds backoff_cap{300'000};
  // How often the queue is looked at without any occasion.
  std::chrono::milliseconds flush_interval{15'000};
  // How long delivered and discarded entries are kept, so that an Idempotency-Key of the app's is
  // known again.
  std::chrono::hours keep_delivered{24};
  // How long after a lost answer an insert without a client-made key may still commit upstream.
  std::chrono::milliseconds statement_timeout{8'000};
};

}  // namespace holdfast::queue
