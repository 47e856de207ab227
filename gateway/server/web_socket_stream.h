#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/http/web_socket.h"
#include "gateway/server/asio_types.h"

namespace holdfast::server {

class Transport;

// What a request that wants to become a WebSocket says of it.
struct Upgrade {
  std::string target;
  std::string host;
  std::string connection;
  std::string key;
  std::string version;
};

struct WebSocketLimits {
  std::size_t largest_message = 0;  // bytes; a larger one ends the connection
  std::chrono::milliseconds handshake{0};
  // Half of it without a sign of life, and the peer is asked for one; all of it, and it is gone.
  std::chrono::milliseconds silence{0};
};

// Messages over a connected Transport, which must outlive it (RFC 6455; without compression).
//
// The one place that makes Beast's WebSocket: half a minute of compiling.
// One read and one write may be on their way at a time.
// One thread at a time: its loop's.
class WebSocketStream {
 public:
  WebSocketStream(Transport& transport, const WebSocketLimits& limits);
  ~WebSocketStream();
  WebSocketStream(const WebSocketStream&) = delete;
  WebSocketStream& operator=(const WebSocketStream&) = delete;

  // As the server: a request that is none, by its other lines, is answered 400.
  Awaitable<ErrorCode> accept(const Upgrade& upgrade);

  struct Shaken {
    ErrorCode error;
    int refusal = 0;  // the status of the HTTP answer that refused it; 0: there was none
  };
  // As the client.
  Awaitable<Shaken> shake_hands(std::string authority, std::string target);

  struct Received {
    ErrorCode error;
    http::Message message;  // without `error`
  };
  Awaitable<Received> read();
  // `message` must live until the end.
  Awaitable<ErrorCode> write(const http::Message& message);
  // Tells the peer that this side goes away.
  Awaitable<void> close();

 private:
  struct Inside;
  std::unique_ptr<Inside> inside_;
};

}  // namespace holdfast::server
