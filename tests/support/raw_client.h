#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/headers.h"

namespace holdfast::test {

// One answer as it came over the wire.
struct RawAnswer {
  int status = 0;
  std::string head;  // status line and header lines, as sent
  http::Headers headers;
  std::string body;
};

// A TCP client for loopback that sends exactly the bytes it is given, right or wrong.
// Failing calls of the socket throw std::system_error; nothing waits longer than 10 s.
// One thread at a time.
class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  ~RawClient();
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  // Sends all bytes; false when the peer has reset the connection.
  bool send(std::string_view bytes);
  // The next answer, 1xx included; nullopt when the peer closed or reset before it was whole.
  // `to_head`: the answer has no body whatever its Content-Length says.
  std::optional<RawAnswer> receive(bool to_head = false);
  // send() and receive().
  std::optional<RawAnswer> ask(std::string_view bytes, bool to_head = false);

  // All further bytes until the peer closes.
  std::string rest();
  // Whether the peer closes in order, without sending anything more.
  bool at_end();
  // Whether bytes are there within `time`.
  bool has_bytes(std::chrono::milliseconds time);
  // Ends our sending side; the peer sees the end of the stream.
  void end_sending();
  // Makes closing send a reset.
  void reset_on_close();
  // A small receive window, so that a large answer blocks its sender; before anything is read.
  static RawClient with_small_window(std::uint16_t port);

 private:
  RawClient(std::uint16_t port, int receive_buffer);
  bool fill();

  int socket_ = -1;
  std::string buffer_;
};

}  // namespace holdfast::test
