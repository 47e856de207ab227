#include "routes/rate_limit.h"

#include <algorithm>

#include "routes/error_response.h"

namespace holdfast::routes {
namespace {

constexpr std::size_t kMostBuckets = 1'000;

double seconds(MonotonicTime::duration time) { return std::chrono::duration<double>(time).count(); }

std::string key_of(const http::Request& request, std::string_view origin) {
  std::string key(origin);
  key += '\n';
  key += request.headers.find("Authorization").value_or("");
  return key;
}

}  // namespace

std::optional<http::Response> RateLimit::refuse(const http::Request& request) {
  if (rate_ == 0) return std::nullopt;
  const auto origin = request.headers.find("Origin");
  if (!origin) return std::nullopt;
  const MonotonicTime now = clock_.monotonic();
  MutexLock lock(mutex_);
  Bucket& bucket = bucket_of(key_of(request, *origin), now);
  bucket.tokens = std::min(2.0 * rate_, bucket.tokens + seconds(now - bucket.at) * rate_);
  bucket.at = now;
  if (bucket.tokens >= 1) {
    --bucket.tokens;
    return std::nullopt;
  }
  auto response = error_response({ErrorKind::kNotAnswerable, "HF429", "Too many requests",
                                  "This web origin sends more than it may for one user",
                                  "Ask less often; [server] origin_rate is the limit."});
  response.headers.set("Retry-After", "1");
  return response;
}

RateLimit::Bucket& RateLimit::bucket_of(std::string key, MonotonicTime now) {
  const auto found = buckets_.find(key);
  if (found != buckets_.end()) return found->second;
  if (buckets_.size() >= kMostBuckets) {
    // A full one is as good as none.
    std::erase_if(buckets_, [&](const auto& each) {
      return each.second.tokens + seconds(now - each.second.at) * rate_ >= 2.0 * rate_;
    });
  }
  if (buckets_.size() >= kMostBuckets) key.clear();
  return buckets_.try_emplace(std::move(key), Bucket{2.0 * rate_, now}).first->second;
}

}  // namespace holdfast::routes
