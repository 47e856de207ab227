#pragma once

#include <cstdint>
#include <limits>
#include <string>

// Days, microseconds and their printing. Day 0 is 2000-01-01, as in Postgres.
namespace holdfast::cache {

inline constexpr std::int64_t kMicrosPerSecond = 1'000'000;
inline constexpr std::int64_t kSecondsPerDay = 86'400;
inline constexpr std::int64_t kMicrosPerDay = kSecondsPerDay * kMicrosPerSecond;
inline constexpr std::int64_t kUnixEpochDay = -10'957;

inline constexpr std::int64_t kDateInfinity = std::numeric_limits<std::int32_t>::max();
inline constexpr std::int64_t kDateMinusInfinity = std::numeric_limits<std::int32_t>::min();
inline constexpr std::int64_t kTimestampInfinity = std::numeric_limits<std::int64_t>::max();
inline constexpr std::int64_t kTimestampMinusInfinity = std::numeric_limits<std::int64_t>::min();

// Postgres' ranges: 4713-11-24 BC to 5874897-12-31, and to the end of 294276.
inline constexpr std::int64_t kFirstDay = -2'451'545;
inline constexpr std::int64_t kLastDay = 2'145'031'948;
inline constexpr std::int64_t kFirstTimestamp = kFirstDay * kMicrosPerDay;
inline constexpr std::int64_t kEndTimestamp = 9'223'371'331'200'000'000;  // the first beyond

struct CivilDate {
  std::int64_t year;  // 0 is 1 BC
  int month;
  int day;
};

// Proleptic Gregorian.
std::int64_t days_from_civil(const CivilDate& date);
CivilDate civil_from_days(std::int64_t days);
int days_in_month(std::int64_t year, int month);

// Rounds half away from zero to `precision` fraction digits of a second; -1 or 6 changes nothing.
std::int64_t round_micros(std::int64_t micros, int precision);

enum class DateForm : std::uint8_t { kText, kJson };

// Printing writes at `at`, at most kLongestMoment bytes, and returns where the text ends.
inline constexpr std::size_t kLongestMoment = 48;

char* put_date(std::int64_t days, char* at);
char* put_timestamp(std::int64_t micros, DateForm form, char* at);
// "2026-11-21 01:31:12.5+00", or for JSON "2026-11-21T01:31:12.5+00:00"; elsewhere than in UTC
// with that offset, in seconds east.
char* put_timestamptz(std::int64_t micros, DateForm form, int offset, char* at);
char* put_time(std::int64_t micros, char* at);  // hours as many as there are
// "+02", "-03:30", "+01:02:03".
char* put_zone(int seconds_east, char* at);

// Appends what such a function writes: append_moment(out, put_time, micros).
template <typename Put, typename... Values>
void append_moment(std::string& out, Put put, Values... values) {
  char text[kLongestMoment];
  out.append(text, put(values..., text));
}

}  // namespace holdfast::cache
