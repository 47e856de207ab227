#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "gateway/base/mutex.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::support {

// An upstream that a test scripts. Each call is recorded, then answered by, in this order: the
// offline switch, the queue of outcomes, the responder, else status 500.
// Thread-safe.
class FakeUpstream final : public upstream::Upstream {
 public:
  using Responder = std::function<upstream::Outcome(const upstream::Call&)>;

  upstream::Outcome call(const upstream::Call& call) override;
  void stop() override;

  // Queues the outcome of one call.
  void push(upstream::Outcome outcome);
  void push(int status, std::string body = "", http::Headers headers = {});
  // Answers all calls for which nothing is queued; runs without the lock.
  void respond_with(Responder responder);
  // Offline, calls fail as kNotSent; they are recorded in refused(), not in calls().
  void set_offline(bool offline);
  // The next `times` calls take their effect (queue or responder) and lose their answer.
  void lose_answers(int times = 1);

  // The calls that reached the upstream, oldest first.
  std::vector<upstream::Call> calls() const;
  int refused() const;
  void clear_calls();

 private:
  upstream::Outcome respond(const upstream::Call& call);

  mutable Mutex mutex_;
  std::deque<upstream::Outcome> queue_ HF_GUARDED_BY(mutex_);
  Responder responder_ HF_GUARDED_BY(mutex_);
  std::vector<upstream::Call> calls_ HF_GUARDED_BY(mutex_);
  bool offline_ HF_GUARDED_BY(mutex_) = false;
  int answers_to_lose_ HF_GUARDED_BY(mutex_) = 0;
  int refused_ HF_GUARDED_BY(mutex_) = 0;
};

}  // namespace holdfast::support
