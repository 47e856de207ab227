#pragma once

#include <atomic>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/mutex.h"

namespace holdfast::upstream {

// One request on one connection of a RawServer.
struct Exchange {
  std::string head;  // request line and fields, without the empty line; empty of a handshake
  std::string body;
  int connection = 0;  // 1 for the first connection
  int socket = -1;

  // False once the client is gone.
  bool send(const std::string& bytes) const;
  // A whole answer with a Content-Length.
  void answer(int status, const std::string& body, const std::string& fields = "") const;
};

enum class Then { kKeepOpen, kClose };

// A server on loopback that says on each request exactly what the test wants, bytes and closings.
// Thread-safe.
class RawServer {
 public:
  using Handler = std::function<Then(const Exchange&)>;

  explicit RawServer(Handler handler);
  ~RawServer();

  int port() const { return port_; }
  std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
  std::vector<Exchange> exchanges() const;
  int connections() const { return connections_; }
  // From now on a TLS handshake counts as an exchange.
  void tell_handshakes() { tells_handshakes_ = true; }
  // Closes all open connections, as a server does with idle ones; returns when they are closed.
  void close_connections();

 private:
  void accept_loop();
  void serve(int socket, int connection);

  const Handler handler_;
  std::atomic<bool> tells_handshakes_ = false;
  int listener_ = -1;
  int port_ = 0;
  std::atomic<int> connections_{0};
  std::atomic<bool> stopping_{false};
  mutable Mutex mutex_;
  Condition closed_;
  std::vector<Exchange> exchanges_ HF_GUARDED_BY(mutex_);
  std::vector<int> open_ HF_GUARDED_BY(mutex_);
  std::vector<std::thread> workers_ HF_GUARDED_BY(mutex_);
  std::thread acceptor_;
};

}  // namespace holdfast::upstream
