#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::routes {

// The first segments of a path, by which requests are counted.
enum class CountedSurface {
  kRest,
  kRpc,
  kAuth,
  kFunctions,
  kStorage,
  kRealtime,
  kControl,
  kDashboard,
  kOther,
};
CountedSurface counted_surface(std::string_view path);

// How many requests were answered, how, and how long that took. Counted from the start.
// Thread-safe.
class RequestMetrics {
 public:
  void note(CountedSurface surface, int status, std::chrono::nanoseconds taken);
  // Appends holdfast_http_requests_total and holdfast_http_request_duration_seconds.
  void print(std::string& out) const;

 private:
  static constexpr std::size_t kSurfaces = static_cast<std::size_t>(CountedSurface::kOther) + 1;
  static constexpr std::size_t kClasses = 5;   // 1xx to 5xx
  static constexpr std::size_t kBuckets = 14;  // the last one is without an end

  // A cache line each: two threads count at the same time.
  struct alignas(64) Counts {
    std::array<std::atomic<std::uint64_t>, kClasses> answers{};
    std::array<std::atomic<std::uint64_t>, kBuckets> buckets{};
    std::atomic<std::uint64_t> nanoseconds{0};
  };
  std::array<Counts, kSurfaces> counts_{};
};

}  // namespace holdfast::routes
