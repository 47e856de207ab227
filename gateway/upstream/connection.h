#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/upstream/options.h"
#include "gateway/upstream/upstream.h"

namespace httplib {
class Client;
}

namespace holdfast::upstream {

// For the whole of a call: what it is waited for, and the time that a large body takes besides.
std::chrono::milliseconds time_for(const Call& call, std::chrono::milliseconds timeout);

// One connection to the upstream's origin, opened by its first send().
// One thread at a time: whoever took it from the pool; abort() may come from any.
class Connection {
 public:
  Connection(const std::string& origin, const UpstreamOptions& options);
  ~Connection();

  // Sends `call` to `target` (prefix included) and reads the whole answer.
  Outcome send(const Call& call, const std::string& target, std::chrono::milliseconds timeout,
               const Clock& clock);

  // Whether it was sent on before.
  bool used() const { return used_; }
  // Whether it is open and silent: nothing has come that nobody asked for, its closing included.
  bool reusable() const;
  // Ends a send() under way.
  void abort();

 private:
  const std::vector<std::string> pins_;  // before what looks at them
  std::unique_ptr<httplib::Client> client_;
  const std::chrono::milliseconds connect_timeout_;
  bool used_ = false;
};

}  // namespace holdfast::upstream
