#pragma once

#include <cstddef>
#include <string_view>

#include "gateway/server/refusal.h"

namespace holdfast::server {

struct HeadLimits {
  std::size_t target = 64 * 1024;   // bytes of the request target
  std::size_t headers = 64 * 1024;  // bytes of all header lines
  std::size_t lines = 200;          // number of header lines
};

// Finds the end of a request head while its bytes come in, and refuses early what no later byte
// can mend: limits, bare line feeds, folded lines, a malformed request line, other versions. What
// the parser checks anyway (tokens, control characters, framing) is left to it.
// One thread at a time: the connection's.
class HeadScanner {
 public:
  enum class State { kIncomplete, kComplete, kRefused };

  explicit HeadScanner(const HeadLimits& limits) : limits_(limits) {}

  // `received`: all bytes from the request's first one on; each call passes at least those of the
  // one before.
  State scan(std::string_view received);

  // When kComplete: the head is received.substr(begin(), end() - begin()). Empty lines in front of
  // a request are passed over (RFC 9112 2.2).
  std::size_t begin() const { return begin_; }
  std::size_t end() const { return line_start_; }
  // When kRefused.
  const Refusal& refusal() const { return refusal_; }

 private:
  State refuse(int status, std::string_view message);
  State end_line(std::string_view line);
  State end_request_line(std::string_view line);
  State check_open_line(std::string_view line);

  HeadLimits limits_;
  std::size_t begin_ = 0;
  std::size_t line_start_ = 0;
  std::size_t scanned_ = 0;
  std::size_t headers_start_ = 0;
  std::size_t lines_ = 0;  // ended ones, the request line included
  Refusal refusal_;
};

}  // namespace holdfast::server
