#include "cache/values/datetime.h"

#include "cache/values/calendar.h"
#include "cache/values/datetime_fields.h"
#include "cache/values/input_error.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache {
namespace {

Error bad_format(std::string_view text, std::string_view type) {
  return invalid_request("22007", "invalid input syntax for type " + std::string(type) + ": \"" +
                                      std::string(text) + "\"");
}

Error out_of_range(std::string_view text, std::string_view what) {
  return invalid_request("22008",
                         std::string(what) + " out of range: \"" + std::string(text) + "\"");
}

enum class Zone : std::uint8_t { kIgnored, kApplied };

// What a moment without a zone of its own is shifted by.
std::int64_t default_shift(const TimeZone* zone, std::int64_t local_micros) {
  if (zone == nullptr) return 0;
  const std::int64_t seconds =
      local_micros / kMicrosPerSecond - (local_micros % kMicrosPerSecond < 0 ? 1 : 0);
  return zone->offset_of_local(seconds - kUnixEpochDay * kMicrosPerDay / kMicrosPerSecond);
}

Result<std::int64_t> parse_moment(std::string_view text, int precision, std::string_view type,
                                  Zone zone, const TimeZone* here = nullptr) {
  HF_TRY(const DateTimeFields fields, parse_datetime_fields(text, type));
  switch (fields.special) {
    case SpecialDate::kInfinity:
      return kTimestampInfinity;
    case SpecialDate::kMinusInfinity:
      return kTimestampMinusInfinity;
    case SpecialDate::kEpoch:
      return kUnixEpochDay * kMicrosPerDay;
    case SpecialDate::kNone:
      break;
  }
  if (!fields.date) return bad_format(text, type);
  const std::int64_t days = days_from_civil(*fields.date);
  // A zone may bring back what is at most a day outside; farther out the product would overflow.
  constexpr std::int64_t kEndDay = kEndTimestamp / kMicrosPerDay;
  if (days < kFirstDay - 1 || days > kEndDay) return out_of_range(text, "timestamp");
  const std::int64_t local = days * kMicrosPerDay + fields.micros.value_or(0);
  std::int64_t shift = 0;
  if (zone == Zone::kApplied) shift = fields.zone ? *fields.zone : default_shift(here, local);
  const std::int64_t micros = local - shift * kMicrosPerSecond;
  if (micros < kFirstTimestamp || micros >= kEndTimestamp) return out_of_range(text, "timestamp");
  return round_micros(micros, precision);
}

Result<DateTimeFields> parse_clock(std::string_view text, std::string_view type) {
  HF_TRY(const DateTimeFields fields, parse_datetime_fields(text, type));
  if (!fields.micros) return bad_format(text, type);
  // Postgres reads some of these and refuses others.
  const bool iso = fields.date && text.find_first_of("Tt") != std::string_view::npos;
  if (iso) return only_upstream("a time of day with a date in ISO 8601 form");
  return fields;
}

}  // namespace

Result<std::int64_t> parse_date(std::string_view text) {
  HF_TRY(const DateTimeFields fields, parse_datetime_fields(text, "date"));
  switch (fields.special) {
    case SpecialDate::kInfinity:
      return kDateInfinity;
    case SpecialDate::kMinusInfinity:
      return kDateMinusInfinity;
    case SpecialDate::kEpoch:
      return kUnixEpochDay;
    case SpecialDate::kNone:
      break;
  }
  if (!fields.date) return bad_format(text, "date");
  const std::int64_t days = days_from_civil(*fields.date);
  if (days < kFirstDay || days > kLastDay) return out_of_range(text, "date");
  return days;
}

Result<std::int64_t> parse_timestamp(std::string_view text, int precision) {
  return parse_moment(text, precision, "timestamp", Zone::kIgnored);
}

Result<std::int64_t> parse_timestamptz(std::string_view text, int precision, const TimeZone* zone) {
  return parse_moment(text, precision, "timestamp with time zone", Zone::kApplied, zone);
}

Result<std::int64_t> parse_time(std::string_view text, int precision) {
  HF_TRY(const DateTimeFields fields, parse_clock(text, "time"));
  return round_micros(*fields.micros, precision);
}

Result<std::string> parse_timetz(std::string_view text, int precision) {
  HF_TRY(const DateTimeFields fields, parse_clock(text, "time with time zone"));
  std::string out;
  append_moment(out, put_time, round_micros(*fields.micros, precision));
  append_moment(out, put_zone, fields.zone.value_or(0));
  return out;
}

}  // namespace holdfast::cache
