#pragma once

#include <functional>
#include <memory>
#include <span>
#include <thread>

#include "gateway/base/logging.h"

namespace holdfast {

// Tells when the machine's network changes: an address or a route comes or goes.
//
// What the system reports in a burst is one change. Linux tells by netlink; a system for which
// there is no source never reports one, and whoever waits for changes looks by itself from time to
// time anyway.
// start() and stop(): one thread at a time. `changed` is called on a thread of its own.
class NetworkWatch {
 public:
  NetworkWatch(std::function<void()> changed, std::shared_ptr<Logger> logger);
  ~NetworkWatch();
  NetworkWatch(const NetworkWatch&) = delete;
  NetworkWatch& operator=(const NetworkWatch&) = delete;

  void start();
  // The same with a source that is open already, a descriptor that gives the system's messages.
  void start(int source);
  void stop();

 private:
  void run();
  void tell();

  const std::function<void()> changed_;
  const std::shared_ptr<Logger> logger_;
  int source_ = -1;
  int wake_ = -1;  // to end the wait
  std::thread thread_;
};

// The system's own source; -1 when it has none.
int open_network_source();
// Whether what came from it reports a change.
bool reports_change(std::span<const char> messages);

}  // namespace holdfast
