#pragma once

#include <string>

#include "cache/replica/metrics_history.h"
#include "gateway/http/request.h"
#include "gateway/http/response.h"
#include "routes/activity.h"
#include "routes/context.h"
#include "routes/request_metrics.h"
#include "routes/status.h"

namespace holdfast::routes {

// The gateway's figures: at /metrics for Prometheus, and over time for the dashboard's charts. No
// rows, keys, tokens or names of people are in them.
//
// sample() is for one thread at a time; all else is thread-safe.
class Metrics {
 public:
  // All references must outlive it.
  Metrics(const Context& context, StatusIdentity identity, Activity& activity,
          cache::MetricsHistory& history)
      : context_(context), identity_(std::move(identity)), activity_(activity), history_(history) {}

  RequestMetrics& requests() { return requests_; }

  // GET /metrics. Waits for the disk.
  http::Response prometheus() const;

  // How often sample() is to be called, and how long samples are kept.
  static constexpr std::chrono::seconds kInterval{60};
  static constexpr auto kKept = std::chrono::hours(7 * 24);
  // Keeps the figures of now, and what has happened since the last sample.
  void sample();
  // GET /metrics/history?hours=24 (1 to 168): {"step_s","samples":[{"at",…},…]}, at most kPoints of
  // them: neighbours are put together. Waits for the disk.
  static constexpr std::size_t kPoints = 360;
  http::Response history(const http::Request& request) const;

 private:
  queue::Retries retries() const;
  std::int64_t open_conflicts() const;

  const Context& context_;
  const StatusIdentity identity_;
  Activity& activity_;
  cache::MetricsHistory& history_;
  RequestMetrics requests_;
  Activity::Totals before_;  // at the last sample
};

}  // namespace holdfast::routes
