#include "cache/values/zone_rule.h"

#include "cache/values/calendar.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

bool is_leap(std::int64_t year) { return days_in_month(year, 2) == 29; }

}  // namespace

class ZoneRuleReader {
 public:
  explicit ZoneRuleReader(std::string_view text) : rest_(text) {}

  std::optional<ZoneRule> run() {
    ZoneRule rule;
    int west = 0;
    if (!name() || !signed_time(west)) return std::nullopt;
    rule.standard_ = -west;
    if (rest_.empty()) return rule;
    if (!name()) return std::nullopt;
    rule.changes_ = true;
    rule.summer_ = rule.standard_ + 3600;
    if (!rest_.starts_with(',')) {
      if (!signed_time(west)) return std::nullopt;
      rule.summer_ = -west;
    }
    const bool complete = day(rule.summer_start_) && day(rule.summer_end_) && rest_.empty();
    return complete ? std::optional(rule) : std::nullopt;
  }

 private:
  bool take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  bool name() {
    const bool quoted = take('<');
    std::size_t size = 0;
    while (size < rest_.size() && (quoted ? rest_[size] != '>' : is_letter(rest_[size]))) ++size;
    rest_.remove_prefix(size);
    return size >= 1 && (!quoted || take('>'));
  }

  bool number(int& out) {
    if (rest_.empty() || !is_digit(rest_[0])) return false;
    out = 0;
    while (!rest_.empty() && is_digit(rest_[0]) && out < 100'000) {
      out = out * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }

  bool signed_time(int& out) {
    const bool negative = take('-');
    if (!negative) take('+');
    int hours = 0;
    int minutes = 0;
    int seconds = 0;
    if (!number(hours)) return false;
    if (take(':') && !number(minutes)) return false;
    if (take(':') && !number(seconds)) return false;
    out = (hours * 60 + minutes) * 60 + seconds;
    if (negative) out = -out;
    return true;
  }

  bool day(ZoneRule::Day& out) {
    if (!take(',')) return false;
    bool read = false;
    if (take('M')) {
      out.kind = ZoneRule::Day::Kind::kWeekday;
      read = number(out.month) && take('.') && number(out.week) && take('.') && number(out.day) &&
             out.month >= 1 && out.month <= 12;
    } else {
      out.kind = take('J') ? ZoneRule::Day::Kind::kJulian : ZoneRule::Day::Kind::kDayOfYear;
      read = number(out.day);
    }
    return read && (!take('/') || signed_time(out.seconds));
  }

  std::string_view rest_;
};

std::optional<ZoneRule> ZoneRule::parse(std::string_view text) {
  return ZoneRuleReader(text).run();
}

std::int64_t ZoneRule::local_moment(const Day& day, std::int64_t year) {
  std::int64_t days = 0;  // since 1970
  const std::int64_t first = days_from_civil({year, 1, 1}) - kUnixEpochDay;
  switch (day.kind) {
    case Day::Kind::kJulian:  // February 29 is never counted
      days = first + day.day - 1 + (is_leap(year) && day.day >= 60 ? 1 : 0);
      break;
    case Day::Kind::kDayOfYear:
      days = first + day.day;
      break;
    case Day::Kind::kWeekday: {
      const std::int64_t month = days_from_civil({year, day.month, 1}) - kUnixEpochDay;
      const std::int64_t weekday = ((month + 4) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
      std::int64_t in_month = (day.day - weekday + 7) % 7 + (day.week - 1) * 7;
      if (in_month >= days_in_month(year, day.month)) in_month -= 7;
      days = month + in_month;
      break;
    }
  }
  return days * kSecondsPerDay + day.seconds;
}

ZoneChange ZoneRule::to_summer(std::int64_t year) const {
  return {local_moment(summer_start_, year) - standard_, summer_};
}

ZoneChange ZoneRule::to_standard(std::int64_t year) const {
  return {local_moment(summer_end_, year) - summer_, standard_};
}

}  // namespace holdfast::cache
