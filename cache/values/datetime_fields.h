#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cache/values/calendar.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

enum class SpecialDate : std::uint8_t { kNone, kInfinity, kMinusInfinity, kEpoch };

// What a text says of date and time, checked field by field but not for the type's range.
struct DateTimeFields {
  SpecialDate special = SpecialDate::kNone;
  std::optional<CivilDate> date;
  std::optional<std::int64_t> micros;  // of the day; 24:00:00 and second 60 are allowed
  std::optional<int> zone;             // seconds east of UTC
};

// `type` is the type's name in error messages. Forms and errors as datetime.h says.
Result<DateTimeFields> parse_datetime_fields(std::string_view text, std::string_view type);

// Digits behind a decimal point as microseconds, rounded as Postgres does (by way of a double).
std::int64_t fraction_micros(std::string_view digits);

}  // namespace holdfast::cache
