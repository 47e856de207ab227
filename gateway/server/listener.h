#pragma once

#include <cstdint>
#include <memory>
#include <stdexcept>

#include "gateway/base/logging.h"
#include "gateway/http/response.h"
#include "gateway/server/options.h"

namespace holdfast::certs {
class ServerTls;
}

namespace holdfast::server {

// The listener cannot be started; what() is a sentence for the person who started it.
class StartupError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// The HTTP/1.1 door: takes requests off sockets, checks framing, limits, Host and Origin, gives
// what is left to the handler and sends its answers, in order per connection.
//
// `handler` must outlive the Listener. A Respond that it keeps may be called at any time, even
// after the Listener is gone. An exception out of handle(), or a Respond dropped without a call,
// is logged and answered 500.
// One thread at a time: whoever owns it, never one of its own I/O threads.
class Listener {
 public:
  // `tls`: certificates for HTTPS, which must outlive it; null where options.tls_host is empty.
  Listener(const ListenerOptions& options, http::Handler& handler, std::shared_ptr<Logger> logger,
           certs::ServerTls* tls = nullptr);
  // Stops it.
  ~Listener();
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // Binds the port and starts the threads; also raises the process's limit of open files. Once.
  // Throws StartupError, for one when the port is taken.
  void start();

  // The bound ports; 0 before start(), and where there is no HTTPS.
  std::uint16_t port() const;
  std::uint16_t tls_port() const;

  // Accepts nothing more, closes idle connections at once, lets requests in progress be answered
  // for up to shutdown_grace, cuts the rest and joins the threads. A repeat does nothing.
  void stop();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace holdfast::server
