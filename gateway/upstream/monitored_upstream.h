#pragma once

#include "gateway/base/clock.h"
#include "gateway/upstream/connectivity.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::upstream {

// An Upstream that tells Connectivity each outcome, and while offline fails calls at once as
// kNotSent. A call with `force` is always tried, except while a person chose to be offline.
// Thread-safe.
class MonitoredUpstream final : public Upstream {
 public:
  // All three must outlive it.
  MonitoredUpstream(Upstream& upstream, Connectivity& connectivity, const Clock& clock)
      : upstream_(upstream), connectivity_(connectivity), clock_(clock) {}

  Outcome call(const Call& call) override;
  void stop() override { upstream_.stop(); }

 private:
  Upstream& upstream_;
  Connectivity& connectivity_;
  const Clock& clock_;
};

}  // namespace holdfast::upstream
