#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace holdfast::cache {

// The text as interval_in() reads and interval_out() prints it with IntervalStyle postgres:
// "1 year 2 mons 3 days 04:05:06.5". Taken are that form, numbers with units ("90 minutes ago") and
// ISO 8601 durations with whole numbers (but for seconds); other forms are kForwardCode.
// `precision`: fraction digits of a second, -1 for six. Error: 22007.
Result<std::string> parse_interval(std::string_view text, int precision);

// How long an interval is as comparisons take it, a month being 30 days; micros is less than a day
// and never negative.
struct IntervalSpan {
  std::int64_t days = 0;
  std::int64_t micros = 0;
};

// `text` is in the form of parse_interval().
IntervalSpan interval_span(std::string_view text);

}  // namespace holdfast::cache
