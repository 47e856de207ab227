#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace holdfast::server {

// What a person may set about the listener.
struct ListenerOptions {
  // Address or name to bind; the first address of a name is taken. Default loopback: other
  // machines cannot connect.
  std::string host = "127.0.0.1";
  // TCP port, default 54321 (the port of a local Supabase); 0 takes a free one.
  std::uint16_t port = 54321;
  // The same for HTTPS, beside it. Default empty: none.
  std::string tls_host;
  std::uint16_t tls_port = 0;
  // I/O threads, at least 1, default 2. Each has an event loop of its own.
  unsigned threads = 2;
  // Connections open at the same time, default 10,000; one more is closed as soon as it comes.
  std::size_t max_connections = 10'000;

  // Bytes of the request target, default 64 KiB; a longer one is answered 414.
  std::size_t target_limit = 64 * 1024;
  // Bytes of all header lines together, default 64 KiB; more is answered 431.
  std::size_t header_limit = 64 * 1024;
  // Number of header lines, default 200; more is answered 431.
  std::size_t header_lines = 200;
  // Bytes of a request body after chunked decoding, default 50 MiB; more is answered 413.
  std::uint64_t body_limit = 50 * 1024 * 1024;

  // From the first byte of a request to the end of its header, default 10 s; then 408.
  std::chrono::milliseconds head_timeout{10'000};
  // Between two parts of a request body, default 30 s; then 408.
  std::chrono::milliseconds body_timeout{30'000};
  // For a whole request body however steadily it comes, default 15 min; then 408.
  std::chrono::milliseconds body_total_timeout{900'000};
  // Without a request on an open connection, default 120 s; then it is closed.
  std::chrono::milliseconds idle_timeout{120'000};
  // Without the peer taking anything of an answer, default 30 s; then the connection is closed.
  std::chrono::milliseconds write_timeout{30'000};
  // How long the rest of a refused request is read and dropped, so that the peer sees the answer
  // instead of a reset, default 5 s.
  std::chrono::milliseconds drain_timeout{5'000};
  // How long stop() lets requests in progress be answered, default 4 s.
  std::chrono::milliseconds shutdown_grace{4'000};

  // Further names accepted in Host, without a port. localhost, *.localhost, 127.0.0.0/8, [::1] and
  // `host` are always accepted; any other is answered 421 (DNS rebinding). Default none.
  std::vector<std::string> hosts;
  // Further web origins that may use the gateway ("https://app.example"); "*" is every origin.
  // Loopback origins, "null" and app schemes may always. Default none.
  std::vector<std::string> origins;
};

}  // namespace holdfast::server
