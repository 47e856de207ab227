#pragma once

#include <atomic>

#include "gateway/upstream/upstream.h"

namespace holdfast::app {

// An upstream behind a link that a person switches off and on.
// Thread-safe.
class DemoLink final : public upstream::Upstream {
 public:
  // `on` and `upstream` must outlive it.
  DemoLink(upstream::Upstream& upstream, const std::atomic<bool>& on)
      : upstream_(upstream), on_(on) {}

  upstream::Outcome call(const upstream::Call& call) override;
  void stop() override { upstream_.stop(); }

 private:
  upstream::Upstream& upstream_;
  const std::atomic<bool>& on_;
};

}  // namespace holdfast::app
