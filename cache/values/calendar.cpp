#include "cache/values/calendar.h"

#include <array>
#include <charconv>
#include <cstdlib>

namespace holdfast::cache {
namespace {

std::int64_t floor_divide(std::int64_t a, std::int64_t b) { return a / b - (a % b < 0 ? 1 : 0); }

void append_padded(std::int64_t value, std::size_t width, std::string& out) {
  std::array<char, 24> digits;
  const auto* end = std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr;
  const auto size = static_cast<std::size_t>(end - digits.data());
  if (size < width) out.append(width - size, '0');
  out.append(digits.data(), size);
}

// Without the era.
void append_civil(const CivilDate& date, std::string& out) {
  append_padded(date.year > 0 ? date.year : 1 - date.year, 4, out);
  out += '-';
  append_padded(date.month, 2, out);
  out += '-';
  append_padded(date.day, 2, out);
}

bool append_infinity(std::int64_t value, std::int64_t least, std::int64_t greatest,
                     std::string& out) {
  if (value != least && value != greatest) return false;
  out += value == least ? "-infinity" : "infinity";
  return true;
}

void append_timestamp(std::int64_t micros, DateForm form, std::string_view zone, std::string& out) {
  if (append_infinity(micros, kTimestampMinusInfinity, kTimestampInfinity, out)) return;
  const std::int64_t days = floor_divide(micros, kMicrosPerDay);
  const CivilDate date = civil_from_days(days);
  append_civil(date, out);
  out += form == DateForm::kJson ? 'T' : ' ';
  print_time(micros - days * kMicrosPerDay, out);
  out += zone;
  if (date.year <= 0) out += " BC";
}

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
  const std::int64_t day_of_era = shifted - era * kDaysPerEra;
  const std::int64_t year_of_era =
      (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const std::int64_t day_of_year =
      day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const std::int64_t month = (5 * day_of_year + 2) / 153;
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

void print_date(std::int64_t days, std::string& out) {
  if (append_infinity(days, kDateMinusInfinity, kDateInfinity, out)) return;
  const CivilDate date = civil_from_days(days);
  append_civil(date, out);
  if (date.year <= 0) out += " BC";
}

void print_timestamp(std::int64_t micros, DateForm form, std::string& out) {
  append_timestamp(micros, form, "", out);
}

void print_timestamptz(std::int64_t micros, DateForm form, std::string& out, int offset) {
  if (offset == 0 || micros == kTimestampMinusInfinity || micros == kTimestampInfinity) {
    return append_timestamp(micros, form, form == DateForm::kJson ? "+00:00" : "+00", out);
  }
  std::string zone;
  print_zone(offset, zone);
  if (form == DateForm::kJson && zone.size() == 3) zone += ":00";
  append_timestamp(micros + offset * kMicrosPerSecond, form, zone, out);
}

void print_time(std::int64_t micros, std::string& out) {
  const std::int64_t seconds = micros / kMicrosPerSecond;
  append_padded(seconds / 3600, 2, out);
  out += ':';
  append_padded(seconds / 60 % 60, 2, out);
  out += ':';
  append_padded(seconds % 60, 2, out);
  const std::int64_t fraction = micros % kMicrosPerSecond;
  if (fraction == 0) return;
  out += '.';
  append_padded(fraction, 6, out);
  out.erase(out.find_last_not_of('0') + 1);
}

void print_zone(int seconds_east, std::string& out) {
  out += seconds_east < 0 ? '-' : '+';
  const int seconds = std::abs(seconds_east);
  append_padded(seconds / 3600, 2, out);
  if (seconds % 3600 == 0) return;
  out += ':';
  append_padded(seconds / 60 % 60, 2, out);
  if (seconds % 60 == 0) return;
  out += ':';
  append_padded(seconds % 60, 2, out);
}

}  // namespace holdfast::cache
