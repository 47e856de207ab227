#pragma once

#include <map>
#include <optional>
#include <string>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"

namespace holdfast::routes {

// Hard case 27: any page's script may use the public key, so what a web origin asks for in the name
// of one principal is limited: to `rate` requests a second on average, twice as many at once.
//
// Requests without an Origin are nobody's page. Who presents another token is another principal
// here. Of very many at a time the rarest share a limit.
// Thread-safe.
class RateLimit {
 public:
  // `rate` 0: no limit. `clock` must outlive it.
  RateLimit(int rate, const Clock& clock) : rate_(rate), clock_(clock) {}

  // Counts the request; 429 HF429 with Retry-After where it is one too many.
  std::optional<http::Response> refuse(const http::Request& request);

 private:
  struct Bucket {
    double tokens = 0;
    MonotonicTime at{};
  };

  Bucket& bucket_of(std::string key, MonotonicTime now) HF_REQUIRES(mutex_);

  const int rate_;
  const Clock& clock_;
  Mutex mutex_;
  std::map<std::string, Bucket> buckets_ HF_GUARDED_BY(mutex_);
};

}  // namespace holdfast::routes
