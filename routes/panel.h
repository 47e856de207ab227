#pragma once

#include <string>

#include "routes/activity.h"
#include "routes/control.h"
#include "routes/dashboard_access.h"
#include "routes/dashboard_page.h"
#include "routes/events.h"
#include "routes/metrics.h"

namespace holdfast::routes {

// What a person looks at: the dashboard, its events, the metrics and the journal.
//
//   GET  /                   the dashboard's page; its files below /dashboard
//   POST /dashboard/link     a one-time link (control token)
//   POST /dashboard/session  the control token, for the link's code
//   GET  /events             server-sent events (control token)
//   GET  /metrics            for Prometheus
//   GET  /metrics/history    for charts (control token)
//   GET  /journal            what became of every write (control token); POST notes more
// Thread-safe.
class Panel {
 public:
  // All references must outlive it.
  Panel(const Context& context, StatusIdentity identity, std::string control_token,
        cache::MetricsHistory& history);

  // Looks for events, while somebody listens, until stop(); without start() nobody hears of any.
  void start() { events_.start(); }
  void stop() { events_.stop(); }
  // Every Metrics::kInterval, from one thread.
  void sample() { metrics_.sample(); }
  void note_pull(const cache::PullOutcome& outcome, MonotonicTime::duration taken) {
    activity_.note_pull(outcome, taken);
  }
  // A one-time link to the dashboard of the gateway at `origin`.
  std::string make_link(const std::string& origin) { return access_.make_link(origin); }
  RequestMetrics& requests() { return metrics_.requests(); }

  // Answers the request where it is for the panel; `path` is normal.
  bool route(const http::Request& request, const std::string& path, const http::Respond& respond);

 private:
  bool route_page(const http::Request& request, const std::string& path,
                  const http::Respond& respond) const;
  bool route_access(const http::Request& request, const std::string& path,
                    const http::Respond& respond);
  // After a check of the token where `work` needs it, on a thread that may wait.
  void answer_later(const http::Request& request, bool needs_token, const http::Respond& respond,
                    std::function<http::Response(const http::Request&)> work);

  const Context& context_;
  const ControlAccess control_;
  const DashboardPage page_;
  DashboardAccess access_;
  Activity activity_;
  Metrics metrics_;
  Events events_;
};

}  // namespace holdfast::routes
