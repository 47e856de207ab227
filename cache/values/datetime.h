#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/values/time_zone.h"
#include "gateway/base/result.h"

// Reads dates and times as a session with DateStyle ISO does.
//
// Taken are the ISO 8601 forms and those that Postgres prints: "2026-11-21T01:31:12.5Z",
// "20261121T013112+0130", "0044-03-15 10:00 BC", "10:15 PM", infinity, epoch. What depends on the
// moment (now, today), on a zone's rules or on other styles of writing is kForwardCode.
// Errors: 22007 invalid syntax; 22008 out of range; 22009 zone out of range.
namespace holdfast::cache {

// Days since 2000-01-01.
Result<std::int64_t> parse_date(std::string_view text);
// Microseconds since 2000-01-01, rounded to `precision` fraction digits (-1: six). A zone is
// ignored by timestamp and time, as Postgres does.
Result<std::int64_t> parse_timestamp(std::string_view text, int precision);
// Without a zone of its own the text means one in `zone`, or UTC.
Result<std::int64_t> parse_timestamptz(std::string_view text, int precision,
                                       const TimeZone* zone = nullptr);
// Microseconds since midnight.
Result<std::int64_t> parse_time(std::string_view text, int precision);
// In the form of timetz_out(): "10:15:00+02".
Result<std::string> parse_timetz(std::string_view text, int precision);

}  // namespace holdfast::cache
