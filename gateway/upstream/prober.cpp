#include "gateway/upstream/prober.h"

#include <algorithm>
#include <utility>

namespace holdfast::upstream {

using std::chrono::milliseconds;

Prober::Prober(Upstream& upstream, Connectivity& connectivity, const UpstreamOptions& options,
               const Clock& clock)
    : upstream_(upstream), connectivity_(connectivity), options_(options), clock_(clock) {}

Prober::~Prober() { stop(); }

milliseconds Prober::step() {
  bool asked = false;
  {
    MutexLock lock(mutex_);
    asked = std::exchange(look_now_, false);
  }
  if (asked || until_due() <= milliseconds(0)) probe();
  return std::max(until_due(), milliseconds(1));
}

milliseconds Prober::until_due() const {
  const auto now = clock_.monotonic();
  const auto left = [&](std::optional<MonotonicTime> last, milliseconds wait) {
    if (!last) return milliseconds(0);
    return std::chrono::ceil<milliseconds>(*last + wait - now);
  };
  const auto after_probe = left(last_probe_, options_.probe_interval);
  if (!connectivity_.online()) return after_probe;
  auto quiet = left(connectivity_.last_answer(), options_.quiet_limit);
  if (const auto silent = connectivity_.silent_since()) {
    quiet = std::min(quiet, left(silent, options_.silence_limit));
  }
  return std::max(after_probe, quiet);
}

void Prober::probe() {
  last_probe_ = clock_.monotonic();
  Call call;
  call.target = options_.probe_target;
  call.timeout = options_.probe_timeout;
  call.force = true;
  if (!options_.anon_key.empty()) call.headers.add("apikey", options_.anon_key);
  // The outcome reaches Connectivity through the monitored upstream.
  static_cast<void>(upstream_.call(call));
}

void Prober::start() {
  connectivity_.observe([this](Connectivity::State state) {
    if (state != Connectivity::State::kOnline) wake();
  });
  connectivity_.observe_waiting([this] { wake(); });
  thread_ = std::thread([this] { run(); });
}

void Prober::stop() {
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Prober::wake() {
  {
    MutexLock lock(mutex_);
    woken_ = true;
  }
  changed_.notify_all();
}

void Prober::look_now() {
  {
    MutexLock lock(mutex_);
    look_now_ = true;
    woken_ = true;
  }
  changed_.notify_all();
}

void Prober::run() {
  for (;;) {
    const auto pause = step();
    MutexLock lock(mutex_);
    if (!stopping_ && !woken_) changed_.wait_for(mutex_, pause);
    if (stopping_) return;
    woken_ = false;
  }
}

}  // namespace holdfast::upstream
