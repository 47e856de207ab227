#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace holdfast {

// Wall time, microseconds since the Unix epoch, UTC.
using Timestamp = std::chrono::sys_time<std::chrono::microseconds>;
using MonotonicTime = std::chrono::steady_clock::time_point;

// Where the process takes its time from. Tests pass tests/support/manual_clock.h.
// Thread-safe.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual Timestamp now() const = 0;
  virtual MonotonicTime monotonic() const = 0;
};

class SystemClock final : public Clock {
 public:
  Timestamp now() const override;
  MonotonicTime monotonic() const override;
};

// "2026-11-21T01:31:12.345678Z" (RFC 3339, UTC, microseconds).
std::string format_rfc3339(Timestamp time);

// An HTTP date ("Sat, 21 Nov 2026 01:31:12 GMT", RFC 9110 5.6.7); nullopt when it is none.
std::optional<Timestamp> parse_http_date(const std::string& text);

}  // namespace holdfast
