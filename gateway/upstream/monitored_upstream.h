#pragma once

#include "gateway/base/clock.h"
#include "gateway/upstream/connectivity.h"
#include "gateway/upstream/server_clock.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::upstream {

// An Upstream that tells Connectivity each outcome, and while offline fails calls at once as
// kNotSent. A call with `force` is always tried, except while a person chose to be offline.
// Thread-safe.
class MonitoredUpstream final : public Upstream {
 public:
  // All must outlive it. `server_clock`, where there is one, is told the answers' dates.
  MonitoredUpstream(Upstream& upstream, Connectivity& connectivity, const Clock& clock,
                    ServerClock* server_clock = nullptr)
      : upstream_(upstream),
        connectivity_(connectivity),
        clock_(clock),
        server_clock_(server_clock) {}

  Outcome call(const Call& call) override;
  void stop() override { upstream_.stop(); }

 private:
  Upstream& upstream_;
  Connectivity& connectivity_;
  const Clock& clock_;
  ServerClock* const server_clock_;
};

}  // namespace holdfast::upstream
