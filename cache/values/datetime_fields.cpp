#include "cache/values/datetime_fields.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <string>

#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

// A text as its raw numbers; nothing is checked for range yet.
struct RawDate {
  std::int64_t year = 0;
  int month = 0;
  int day = 0;
};

enum class HalfDay : std::uint8_t { kNone, kAm, kPm };

struct RawTime {
  int hour = 0;
  int minute = 0;
  int second = 0;
  std::int64_t fraction = 0;
  HalfDay half = HalfDay::kNone;
};

struct RawZone {
  bool negative = false;
  int hour = 0;
  int minute = 0;
  int second = 0;
};

struct RawFields {
  std::optional<RawDate> date;
  std::optional<RawTime> time;
  std::optional<RawZone> zone;
  bool before_christ = false;
};

int to_int(std::string_view digits) {
  int value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

// Reads the fixed order date, time, zone, era. Every take_…() moves on only when it succeeds.
class FieldScanner {
 public:
  explicit FieldScanner(std::string_view text) : rest_(text) {}

  // nullopt when anything in the text is no part of these forms.
  std::optional<RawFields> run() {
    fields_.date = take_date();
    const bool separated = fields_.date && skip_separator();
    if (!fields_.date || separated) fields_.time = take_time();
    if (!fields_.date && !fields_.time) return std::nullopt;
    if (fields_.time) {
      skip_space();
      fields_.zone = take_zone();
    }
    skip_space();
    if (fields_.date) take_era();
    if (!rest_.empty()) return std::nullopt;
    return fields_;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }

  std::string_view digits_at(std::size_t at) const {
    std::size_t end = at;
    while (end < rest_.size() && is_digit(rest_[end])) ++end;
    return at < rest_.size() ? rest_.substr(at, end - at) : std::string_view();
  }

  bool has(std::size_t at, char c) const { return at < rest_.size() && rest_[at] == c; }

  bool take_word(std::string_view word) {
    if (!equals_ignoring_case(rest_.substr(0, word.size()), word)) return false;
    if (rest_.size() > word.size() && !is_space(rest_[word.size()])) return false;
    rest_.remove_prefix(word.size());
    return true;
  }

  std::optional<RawDate> take_date() {
    const auto first = digits_at(0);
    if (first.size() == 8 && !has(8, '-') && !has(8, ':')) {
      rest_.remove_prefix(8);
      return RawDate{to_int(first.substr(0, 4)), to_int(first.substr(4, 2)),
                     to_int(first.substr(6))};
    }
    if (first.size() < 3 || first.size() > 9 || !has(first.size(), '-')) return std::nullopt;
    const auto month = digits_at(first.size() + 1);
    const std::size_t dash = first.size() + 1 + month.size();
    const auto day = digits_at(dash + 1);
    const auto usual = [](std::string_view digits) {
      return digits.size() == 1 || digits.size() == 2;
    };
    if (!usual(month) || !usual(day) || !has(dash, '-')) return std::nullopt;
    rest_.remove_prefix(dash + 1 + day.size());
    return RawDate{to_int(first), to_int(month), to_int(day)};
  }

  // Between date and time; true when a time must be tried.
  bool skip_separator() {
    if (rest_.size() > 1 && (rest_[0] == 'T' || rest_[0] == 't') && is_digit(rest_[1])) {
      basic_allowed_ = true;
      rest_.remove_prefix(1);
      return true;
    }
    const bool space = !rest_.empty() && is_space(rest_[0]);
    skip_space();
    return space;
  }

  std::optional<RawTime> take_time() {
    const auto hour = digits_at(0);
    RawTime time;
    std::size_t end = 0;
    if (basic_allowed_ && (hour.size() == 4 || hour.size() == 6) && !has(hour.size(), ':')) {
      time.hour = to_int(hour.substr(0, 2));
      time.minute = to_int(hour.substr(2, 2));
      if (hour.size() == 6) time.second = to_int(hour.substr(4));
      end = hour.size();
      if (hour.size() == 6) take_fraction(time, end);
    } else if (!take_extended(hour, time, end)) {
      return std::nullopt;
    }
    rest_.remove_prefix(end);
    take_half_day(time);
    return time;
  }

  bool take_extended(std::string_view hour, RawTime& time, std::size_t& end) const {
    const auto minute = digits_at(hour.size() + 1);
    if (hour.empty() || hour.size() > 2 || !has(hour.size(), ':')) return false;
    if (minute.empty() || minute.size() > 2) return false;
    time.hour = to_int(hour);
    time.minute = to_int(minute);
    end = hour.size() + 1 + minute.size();
    if (!has(end, ':')) return true;
    const auto second = digits_at(end + 1);
    if (second.empty() || second.size() > 2) return false;
    time.second = to_int(second);
    end += 1 + second.size();
    take_fraction(time, end);
    return true;
  }

  void take_fraction(RawTime& time, std::size_t& end) const {
    if (!has(end, '.')) return;
    const auto digits = digits_at(end + 1);
    if (digits.empty()) return;
    time.fraction = fraction_micros(digits);
    end += 1 + digits.size();
  }

  void take_half_day(RawTime& time) {
    const auto before = rest_;
    skip_space();
    if (take_word("am")) {
      time.half = HalfDay::kAm;
    } else if (take_word("pm")) {
      time.half = HalfDay::kPm;
    } else {
      rest_ = before;
    }
  }

  std::optional<RawZone> take_zone() {
    for (const std::string_view word : {"z", "utc", "gmt", "zulu"}) {
      if (take_word(word)) return RawZone{};
    }
    if (!has(0, '+') && !has(0, '-')) return std::nullopt;
    const auto hour = digits_at(1);
    if (hour.empty() || hour.size() > 4) return std::nullopt;
    RawZone zone{rest_[0] == '-', to_int(hour), 0, 0};
    std::size_t end = 1 + hour.size();
    const bool more = has(end, ':');
    if (more && !take_zone_part(zone.minute, end)) return std::nullopt;
    if (more && has(end, ':') && !take_zone_part(zone.second, end)) return std::nullopt;
    if (!more && hour.size() > 2) {
      zone.minute = zone.hour % 100;
      zone.hour /= 100;
    }
    rest_.remove_prefix(end);
    return zone;
  }

  bool take_zone_part(int& part, std::size_t& end) const {
    const auto digits = digits_at(end + 1);
    if (digits.empty() || digits.size() > 2) return false;
    part = to_int(digits);
    end += 1 + digits.size();
    return true;
  }

  void take_era() {
    if (take_word("bc")) {
      fields_.before_christ = true;
    } else {
      take_word("ad");
    }
  }

  std::string_view rest_;
  bool basic_allowed_ = false;
  RawFields fields_;
};

Error field_out_of_range(std::string_view text, bool hint = false) {
  Error error =
      invalid_request("22008", "date/time field value out of range: \"" + std::string(text) + "\"");
  if (hint) error.hint = "Perhaps you need a different \"datestyle\" setting.";
  return error;
}

Result<std::int64_t> check_time(RawTime time, std::string_view text) {
  if (time.minute > 59 || time.second > 60) return field_out_of_range(text);
  if (time.half != HalfDay::kNone) {
    if (time.hour > 12) return field_out_of_range(text);
    time.hour = time.hour % 12 + (time.half == HalfDay::kPm ? 12 : 0);
  }
  const std::int64_t seconds = (time.hour * 60 + time.minute) * 60 + time.second;
  const std::int64_t micros = seconds * kMicrosPerSecond + time.fraction;
  if (time.hour > 24 || micros > kMicrosPerDay) return field_out_of_range(text);
  return micros;
}

Result<int> check_zone(const RawZone& zone, std::string_view text) {
  if (zone.hour > 15 || zone.minute > 59 || zone.second > 59) {
    return invalid_request("22009",
                           "time zone displacement out of range: \"" + std::string(text) + "\"");
  }
  const int seconds = (zone.hour * 60 + zone.minute) * 60 + zone.second;
  return zone.negative ? -seconds : seconds;
}

Result<CivilDate> check_date(const RawDate& date, bool before_christ, std::string_view text) {
  if (date.year == 0) return field_out_of_range(text);
  const std::int64_t year = before_christ ? 1 - date.year : date.year;
  if (date.month < 1 || date.month > 12) return field_out_of_range(text, true);
  if (date.day < 1 || date.day > 31) return field_out_of_range(text, true);
  if (date.day > days_in_month(year, date.month)) return field_out_of_range(text);
  return CivilDate{year, date.month, date.day};
}

std::optional<SpecialDate> special_date(std::string_view word) {
  if (equals_ignoring_case(word, "infinity")) return SpecialDate::kInfinity;
  if (equals_ignoring_case(word, "-infinity")) return SpecialDate::kMinusInfinity;
  if (equals_ignoring_case(word, "epoch")) return SpecialDate::kEpoch;
  return std::nullopt;
}

Error bad_syntax(std::string_view text, std::string_view type) {
  return invalid_request("22007", "invalid input syntax for type " + std::string(type) + ": \"" +
                                      std::string(text) + "\"");
}

// A text without digits can only be one of the words that stand for a moment, or an error.
Error unread(std::string_view text, std::string_view type) {
  const std::string lower = to_lower(text);
  constexpr std::array kMoments = {"now", "today", "tomorrow", "yesterday", "allballs", "infinity"};
  const bool moment = std::any_of(kMoments.begin(), kMoments.end(), [&](const char* word) {
    return lower.find(word) != std::string::npos;
  });
  if (moment) return only_upstream("a date or time word whose value only the database knows");
  if (std::none_of(text.begin(), text.end(), is_digit)) {
    return bad_syntax(text, type);
  }
  return only_upstream("a date or time in a form that only the database reads");
}

}  // namespace

std::int64_t fraction_micros(std::string_view digits) {
  const std::string number = "0." + std::string(digits);
  double value = 0;
  std::from_chars(number.data(), number.data() + number.size(), value);
  return std::llrint(value * 1'000'000);
}

Result<DateTimeFields> parse_datetime_fields(std::string_view text, std::string_view type) {
  DateTimeFields fields;
  const std::string_view trimmed = trim(text);
  if (const auto special = special_date(trimmed)) {
    fields.special = *special;
    return fields;
  }
  const auto raw = FieldScanner(trimmed).run();
  if (!raw) return unread(text, type);
  // Of a date alone no time of day is read, whatever is wrong with the date.
  if (!raw->time && (type == "time" || type == "time with time zone")) {
    return bad_syntax(text, type);
  }
  if (raw->time) {
    HF_TRY(fields.micros, check_time(*raw->time, text));
  }
  if (raw->zone) {
    HF_TRY(fields.zone, check_zone(*raw->zone, text));
  }
  if (raw->date) {
    HF_TRY(fields.date, check_date(*raw->date, raw->before_christ, text));
  }
  return fields;
}

}  // namespace holdfast::cache
