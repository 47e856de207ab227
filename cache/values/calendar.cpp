#include "cache/values/calendar.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <string_view>

namespace holdfast::cache {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

// "00" to "99".
constexpr auto kPairs = [] {
  std::array<char, 200> pairs{};
  for (std::size_t i = 0; i < 100; ++i) {
    pairs[2 * i] = static_cast<char>('0' + i / 10);
    pairs[2 * i + 1] = static_cast<char>('0' + i % 10);
  }
  return pairs;
}();

char* put(std::string_view text, char* at) { return std::copy(text.begin(), text.end(), at); }

// Below 100.
char* put_pair(std::uint32_t value, char* at) {
  std::memcpy(at, kPairs.data() + std::size_t{2} * (value % 100), 2);
  return at + 2;
}

// Without the era; the year has four digits, or as many as it needs.
char* put_civil(const CivilDate& date, char* at) {
  const std::int64_t year = date.year > 0 ? date.year : 1 - date.year;
  if (year < 10'000) {
    at = put_pair(static_cast<std::uint32_t>(year) / 100, at);
    at = put_pair(static_cast<std::uint32_t>(year) % 100, at);
  } else {
    at = std::to_chars(at, at + 20, year).ptr;
  }
  *at++ = '-';
  at = put_pair(static_cast<std::uint32_t>(date.month), at);
  *at++ = '-';
  return put_pair(static_cast<std::uint32_t>(date.day), at);
}

// Without zeros at its end; nothing for none.
char* put_fraction(std::uint32_t micros, char* at) {
  if (micros == 0) return at;
  *at++ = '.';
  at = put_pair(micros / 10'000, at);
  at = put_pair(micros / 100 % 100, at);
  at = put_pair(micros % 100, at);
  while (at[-1] == '0') --at;
  return at;
}

char* put_moment(std::int64_t micros, DateForm form, std::string_view zone, char* at) {
  if (micros == kTimestampMinusInfinity) return put("-infinity", at);
  if (micros == kTimestampInfinity) return put("infinity", at);
  const std::int64_t days = floor_divide(micros, kMicrosPerDay);
  const CivilDate date = civil_from_days(days);
  at = put_civil(date, at);
  *at++ = form == DateForm::kJson ? 'T' : ' ';
  at = put_time(micros - days * kMicrosPerDay, at);
  at = put(zone, at);
  return date.year <= 0 ? put(" BC", at) : at;
}

constexpr std::int64_t kMicrosPerHour = 3600 * kMicrosPerSecond;
constexpr std::int64_t kDaysPerEra = 146'097;  // 400 years
constexpr std::int64_t kEpochShift = 730'425;  // 0000-03-01 to 2000-01-01

}  // namespace

std::int64_t days_from_civil(const CivilDate& date) {
  // Years begin in March, so that the leap day is the last.
  const std::int64_t year = date.month <= 2 ? date.year - 1 : date.year;
  const std::int64_t era = floor_divide(year, 400);
  const std::int64_t year_of_era = year - era * 400;
  const std::int64_t month = (date.month + 9) % 12;
  const std::int64_t day_of_year = (153 * month + 2) / 5 + date.day - 1;
  const std::int64_t day_of_era =
      year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * kDaysPerEra + day_of_era - kEpochShift;
}

CivilDate civil_from_days(std::int64_t days) {
  const std::int64_t shifted = days + kEpochShift;
  const std::int64_t era = floor_divide(shifted, kDaysPerEra);
  // Small numbers, whose divisions cost half: every answer is full of moments.
  const auto day_of_era = static_cast<std::uint32_t>(shifted - era * kDaysPerEra);
  const std::uint32_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::uint32_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::uint32_t month = (5 * day_of_year + 2) / 153;
  const auto day = static_cast<int>(day_of_year - (153 * month + 2) / 5 + 1);
  const auto civil_month = static_cast<int>(month < 10 ? month + 3 : month - 9);
  return {year_of_era + era * 400 + (civil_month <= 2 ? 1 : 0), civil_month, day};
}

int days_in_month(std::int64_t year, int month) {
  constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  const bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
  return month == 2 && leap ? 29 : kDays[static_cast<std::size_t>(month - 1)];
}

std::int64_t round_micros(std::int64_t micros, int precision) {
  if (precision < 0 || precision >= 6) return micros;
  std::int64_t unit = 1;
  for (int i = precision; i < 6; ++i) unit *= 10;
  const std::int64_t half = unit / 2;
  return (micros + (micros >= 0 ? half : -half)) / unit * unit;
}

char* put_date(std::int64_t days, char* at) {
  if (days == kDateMinusInfinity) return put("-infinity", at);
  if (days == kDateInfinity) return put("infinity", at);
  const CivilDate date = civil_from_days(days);
  at = put_civil(date, at);
  return date.year <= 0 ? put(" BC", at) : at;
}

char* put_timestamp(std::int64_t micros, DateForm form, char* at) {
  return put_moment(micros, form, "", at);
}

char* put_timestamptz(std::int64_t micros, DateForm form, int offset, char* at) {
  const bool infinite = micros == kTimestampMinusInfinity || micros == kTimestampInfinity;
  if (infinite) return put_moment(micros, form, "", at);
  if (offset == 0) return put_moment(micros, form, form == DateForm::kJson ? "+00:00" : "+00", at);
  std::array<char, kLongestMoment> zone;
  char* end = put_zone(offset, zone.data());
  if (form == DateForm::kJson && end - zone.data() == 3) end = put(":00", end);
  return put_moment(micros + offset * kMicrosPerSecond, form,
                    std::string_view(zone.data(), static_cast<std::size_t>(end - zone.data())), at);
}

char* put_time(std::int64_t micros, char* at) {
  const std::int64_t hours = micros / kMicrosPerHour;
  const std::int64_t rest = micros - hours * kMicrosPerHour;
  const auto seconds = static_cast<std::uint32_t>(rest / kMicrosPerSecond);
  at = hours < 100 ? put_pair(static_cast<std::uint32_t>(hours), at)
                   : std::to_chars(at, at + 20, hours).ptr;
  *at++ = ':';
  at = put_pair(seconds / 60, at);
  *at++ = ':';
  at = put_pair(seconds % 60, at);
  return put_fraction(static_cast<std::uint32_t>(rest % kMicrosPerSecond), at);
}

char* put_zone(int seconds_east, char* at) {
  *at++ = seconds_east < 0 ? '-' : '+';
  const auto seconds = static_cast<std::uint32_t>(std::abs(seconds_east));
  at = put_pair(seconds / 3600, at);
  if (seconds % 3600 != 0) {
    *at++ = ':';
    at = put_pair(seconds / 60 % 60, at);
  }
  if (seconds % 60 != 0) {
    *at++ = ':';
    at = put_pair(seconds % 60, at);
  }
  return at;
}

}  // namespace holdfast::cache
