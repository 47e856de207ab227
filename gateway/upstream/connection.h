#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/mutex.h"
#include "gateway/upstream/options.h"
#include "gateway/upstream/upstream.h"

namespace httplib {
class Client;
}

namespace holdfast::upstream {

// What a body of so many bytes may take, besides the time that its call is waited for: 50 kB a
// second, slower than any link on which a large body makes sense.
constexpr std::chrono::milliseconds time_for_bytes(std::size_t bytes) {
  return std::chrono::milliseconds(bytes / 50);
}

// One connection to the upstream's origin, opened by its first send().
// One thread at a time: whoever took it from the pool; abort() may come from any.
class Connection {
 public:
  Connection(const std::string& origin, const UpstreamOptions& options);
  ~Connection();

  // Sends `call` to `target` (prefix included) and reads the whole answer. `timeout`: for each wait
  // for the peer; the whole is ended by abort(). `received` hears how much of the body is here.
  Outcome send(const Call& call, const std::string& target, std::chrono::milliseconds timeout,
               const Clock& clock, const std::function<void(std::size_t)>& received);

  // Whether it was sent on before.
  bool used() const { return used_; }
  // Whether it is open and silent: nothing has come that nobody asked for, its closing included.
  bool reusable() const;
  // Ends a send() under way, also where it still connects; it is of no use afterwards. Never waits.
  void abort();

 private:
  // On send()'s thread, before the socket connects.
  void keep(int socket);

  const std::vector<std::string> pins_;  // before what looks at them
  std::unique_ptr<httplib::Client> client_;
  const std::chrono::milliseconds connect_timeout_;
  const std::size_t largest_answer_;
  bool used_ = false;
  mutable Mutex mutex_;
  // A second descriptor of the socket: httplib's own lock is held while it connects.
  int socket_ HF_GUARDED_BY(mutex_) = -1;
  bool aborted_ HF_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast::upstream
