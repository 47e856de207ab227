#include "routes/request_metrics.h"

#include <algorithm>
#include <utility>

#include "routes/prometheus.h"

namespace holdfast::routes {
namespace {

constexpr const char* kNames[] = {"rest",     "rpc",     "auth",      "functions", "storage",
                                  "realtime", "control", "dashboard", "other"};
constexpr const char* kClassNames[] = {"1xx", "2xx", "3xx", "4xx", "5xx"};
// Upper ends in microseconds: from a row of the replica to an upstream that is slow.
constexpr std::array<std::int64_t, 13> kBucketEnds = {
    50, 100, 250, 500, 1'000, 2'500, 5'000, 10'000, 25'000, 100'000, 250'000, 1'000'000, 5'000'000};

}  // namespace

CountedSurface counted_surface(std::string_view path) {
  constexpr std::pair<std::string_view, CountedSurface> kPrefixes[] = {
      {"/rest/v1/rpc", CountedSurface::kRpc},      {"/rest/v1", CountedSurface::kRest},
      {"/auth/v1", CountedSurface::kAuth},         {"/functions/v1", CountedSurface::kFunctions},
      {"/graphql/v1", CountedSurface::kFunctions}, {"/storage/v1", CountedSurface::kStorage},
      {"/realtime/v1", CountedSurface::kRealtime}, {"/dashboard", CountedSurface::kDashboard},
      {"/status", CountedSurface::kControl},       {"/sync", CountedSurface::kControl},
      {"/outbox", CountedSurface::kControl},       {"/conflicts", CountedSurface::kControl},
      {"/metrics", CountedSurface::kControl},      {"/events", CountedSurface::kControl},
      {"/journal", CountedSurface::kControl},
  };
  for (const auto& [prefix, surface] : kPrefixes) {
    if (!path.starts_with(prefix)) continue;
    if (path.size() == prefix.size() || path[prefix.size()] == '/') return surface;
  }
  return path == "/" ? CountedSurface::kDashboard : CountedSurface::kOther;
}

void RequestMetrics::note(CountedSurface surface, int status, std::chrono::nanoseconds taken) {
  Counts& counts = counts_[static_cast<std::size_t>(surface)];
  const int group = std::clamp(status / 100, 1, 5) - 1;
  const auto microseconds = std::chrono::duration_cast<std::chrono::microseconds>(taken).count();
  const auto* end = std::lower_bound(kBucketEnds.begin(), kBucketEnds.end(), microseconds);
  counts.answers[static_cast<std::size_t>(group)].fetch_add(1, std::memory_order_relaxed);
  counts.buckets[static_cast<std::size_t>(end - kBucketEnds.begin())].fetch_add(
      1, std::memory_order_relaxed);
  counts.nanoseconds.fetch_add(static_cast<std::uint64_t>(taken.count()),
                               std::memory_order_relaxed);
}

void RequestMetrics::print(std::string& out) const {
  Prometheus text(out);
  text.family("http_requests_total", "counter", "Requests answered, by surface and status class");
  for (std::size_t s = 0; s < kSurfaces; ++s) {
    for (std::size_t c = 1; c < kClasses; ++c) {
      text.sample({{"surface", kNames[s]}, {"status", kClassNames[c]}},
                  static_cast<double>(counts_[s].answers[c].load(std::memory_order_relaxed)));
    }
  }
  text.family("http_request_duration_seconds", "histogram", "Time until a request was answered");
  for (std::size_t s = 0; s < kSurfaces; ++s) {
    std::uint64_t sum = 0;
    for (std::size_t b = 0; b < kBuckets; ++b) {
      sum += counts_[s].buckets[b].load(std::memory_order_relaxed);
      const std::string end = b < kBucketEnds.size()
                                  ? Prometheus::number(static_cast<double>(kBucketEnds[b]) / 1e6)
                                  : "+Inf";
      text.sample("_bucket", {{"surface", kNames[s]}, {"le", end}}, static_cast<double>(sum));
    }
    const auto total = counts_[s].nanoseconds.load(std::memory_order_relaxed);
    text.sample("_sum", {{"surface", kNames[s]}}, static_cast<double>(total) / 1e9);
    text.sample("_count", {{"surface", kNames[s]}}, static_cast<double>(sum));
  }
}

}  // namespace holdfast::routes
