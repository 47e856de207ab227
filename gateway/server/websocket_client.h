#pragma once

#include <atomic>
#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/mutex.h"

namespace holdfast::server {

struct WebSocketOptions {
  // "ws://", "wss://", "http://" or "https://", host, port, path and query.
  std::string url;
  // PEM file of the certificate authorities to trust. Default empty: the system's.
  std::string ca_file;
  // Public keys, one of which the server's chain must have; see crypto/pin.h. Default none.
  std::vector<std::string> pins;
  // For connecting and for the handshake, each. Default 10 s.
  std::chrono::milliseconds connect_timeout{10'000};
  // Between two calls of `tick`. Default 5 s.
  std::chrono::milliseconds tick_interval{5'000};
};

// What a peer says; all are called on the thread in run(), and may call send().
struct WebSocketEvents {
  std::function<void()> opened = [] {};
  std::function<void(std::string_view text)> received = [](std::string_view) {};
  std::function<void()> tick = [] {};
};

// The client's end of one WebSocket connection at a time, for text messages.
//
// Silent peers are pinged, and given up when they do not answer.
// One thread at a time: run(). Thread-safe: send(), stop().
class WebSocketClient {
 public:
  WebSocketClient();
  ~WebSocketClient();
  WebSocketClient(const WebSocketClient&) = delete;
  WebSocketClient& operator=(const WebSocketClient&) = delete;

  struct End {
    bool opened = false;
    int status = 0;  // of the HTTP answer that refused it; 0: there was none
    std::string reason;
  };
  // Connects and stays until either side ends it. Blocking; again after it has returned.
  End run(const WebSocketOptions& options, const WebSocketEvents& events);
  // Dropped where there is no connection.
  void send(std::string text);
  // Ends run(), this one and later ones.
  void stop();

 private:
  class Connection;
  Mutex mutex_;
  std::shared_ptr<Connection> connection_ HF_GUARDED_BY(mutex_);
  bool stopped_ HF_GUARDED_BY(mutex_) = false;
};

}  // namespace holdfast::server
