#include "cache/values/interval.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>
#include <utility>
#include <vector>

#include "cache/values/calendar.h"
#include "cache/values/datetime_fields.h"
#include "cache/values/input_error.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

struct Interval {
  std::int64_t months = 0;
  std::int64_t days = 0;
  std::int64_t micros = 0;
};

constexpr std::int64_t kMinute = 60 * kMicrosPerSecond;
constexpr std::int64_t kHour = 60 * kMinute;

enum class Part : std::uint8_t { kMonths, kDays, kMicros };

struct Unit {
  std::string_view name;
  Part part;
  std::int64_t factor;
};

constexpr Unit months(std::string_view name, std::int64_t factor) {
  return {name, Part::kMonths, factor};
}
constexpr Unit days(std::string_view name, std::int64_t factor) {
  return {name, Part::kDays, factor};
}
constexpr Unit micros(std::string_view name, std::int64_t factor) {
  return {name, Part::kMicros, factor};
}

constexpr std::array kUnits = {
    months("mon", 1),
    months("mons", 1),
    months("month", 1),
    months("months", 1),
    months("year", 12),
    months("years", 12),
    months("y", 12),
    months("yr", 12),
    months("yrs", 12),
    months("decade", 120),
    months("decades", 120),
    months("century", 1200),
    months("centuries", 1200),
    days("day", 1),
    days("days", 1),
    days("d", 1),
    days("week", 7),
    days("weeks", 7),
    days("w", 7),
    micros("hour", kHour),
    micros("hours", kHour),
    micros("h", kHour),
    micros("hr", kHour),
    micros("hrs", kHour),
    micros("minute", kMinute),
    micros("minutes", kMinute),
    micros("m", kMinute),
    micros("min", kMinute),
    micros("mins", kMinute),
    micros("second", kMicrosPerSecond),
    micros("seconds", kMicrosPerSecond),
    micros("s", kMicrosPerSecond),
    micros("sec", kMicrosPerSecond),
    micros("secs", kMicrosPerSecond),
    micros("millisecond", 1000),
    micros("milliseconds", 1000),
    micros("ms", 1000),
    micros("microsecond", 1),
    micros("microseconds", 1),
    micros("us", 1),
};

constexpr std::array kDateDesignators = {months("y", 12), months("m", 1), days("w", 7),
                                         days("d", 1)};
constexpr std::array kTimeDesignators = {micros("h", kHour), micros("m", kMinute),
                                         micros("s", kMicrosPerSecond)};

template <typename Units>
const Unit* find_unit(const Units& units, std::string_view name) {
  const auto* found = std::find_if(units.begin(), units.end(), [&](const Unit& unit) {
    return equals_ignoring_case(name, unit.name);
  });
  return found == units.end() ? nullptr : found;
}

struct Number {
  bool negative = false;
  std::int64_t whole = 0;
  std::optional<std::int64_t> fraction;  // millionths
};

// Reads the forms that need no rounding from one part to the next. False at anything else.
class IntervalScanner {
 public:
  explicit IntervalScanner(std::string_view text) : rest_(text) {}

  std::optional<Interval> run() {
    const bool iso = rest_.size() > 1 && (rest_[0] == 'P' || rest_[0] == 'p');
    const bool good = iso ? take_iso() : take_verbose();
    return good ? std::optional(value_) : std::nullopt;
  }

 private:
  void skip_space() {
    while (!rest_.empty() && is_space(rest_[0])) rest_.remove_prefix(1);
  }

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }

  std::string_view take_while(bool (*wanted)(char)) {
    const auto end = std::find_if_not(rest_.begin(), rest_.end(), wanted);
    const auto taken = rest_.substr(0, static_cast<std::size_t>(end - rest_.begin()));
    rest_.remove_prefix(taken.size());
    return taken;
  }

  std::optional<std::int64_t> take_whole() {
    const auto digits = take_while(is_digit);
    if (digits.empty() || digits.size() > 10) return std::nullopt;
    std::int64_t value = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return value;
  }

  std::optional<Number> take_number() {
    Number number;
    number.negative = take('-');
    if (!number.negative) take('+');
    const auto whole = take_whole();
    if (!whole) return std::nullopt;
    number.whole = *whole;
    if (take('.')) {
      const auto digits = take_while(is_digit);
      if (digits.empty()) return std::nullopt;
      number.fraction = fraction_micros(digits);
    }
    return number;
  }

  // Every unit may come once; Postgres refuses a second one.
  bool add(const Number& number, const Unit& unit) {
    if (number.fraction && unit.factor != kMicrosPerSecond) return false;
    const std::pair key(unit.part, unit.factor);
    if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) return false;
    seen_.push_back(key);
    std::int64_t amount = 0;
    if (__builtin_mul_overflow(number.whole, unit.factor, &amount)) return false;
    if (number.fraction) amount += *number.fraction;
    if (number.negative) amount = -amount;
    std::int64_t& part = unit.part == Part::kMonths ? value_.months
                         : unit.part == Part::kDays ? value_.days
                                                    : value_.micros;
    return !__builtin_add_overflow(part, amount, &part);
  }

  bool take_iso() {
    rest_.remove_prefix(1);
    bool time = false;
    while (!rest_.empty()) {
      if (!time && (take('T') || take('t'))) {
        time = true;
        if (rest_.empty()) return false;
      }
      const auto number = take_number();
      if (!number || rest_.empty()) return false;
      const auto name = rest_.substr(0, 1);
      const Unit* unit =
          time ? find_unit(kTimeDesignators, name) : find_unit(kDateDesignators, name);
      if (unit == nullptr || !add(*number, *unit)) return false;
      rest_.remove_prefix(1);
    }
    return true;
  }

  bool take_verbose() {
    take('@');
    skip_space();
    bool any = false;
    while (!rest_.empty()) {
      if (any && is_letter(rest_[0])) return take_ago();
      const auto number = take_number();
      if (!number) return false;
      const bool good = take(':') ? take_clock(*number) : take_unit(*number);
      if (!good) return false;
      any = true;
      skip_space();
    }
    return any;
  }

  bool take_unit(const Number& number) {
    skip_space();
    const Unit* unit = find_unit(kUnits, take_while(is_letter));
    return unit != nullptr && add(number, *unit);
  }

  // Behind the first colon of [h]h:mm[:ss[.f]].
  bool take_clock(const Number& hours) {
    const auto minutes = take_whole();
    if (hours.fraction || !minutes || *minutes > 59) return false;
    Number seconds;
    if (take(':')) {
      const auto number = take_number();
      if (!number || number->negative || number->whole > 59) return false;
      seconds = *number;
    } else if (!rest_.empty() && rest_[0] == '.') {
      return false;
    }
    seconds.negative = hours.negative;
    return add(hours, {"", Part::kMicros, kHour}) &&
           add({hours.negative, *minutes, std::nullopt}, {"", Part::kMicros, kMinute}) &&
           add(seconds, {"", Part::kMicros, kMicrosPerSecond});
  }

  bool take_ago() {
    if (!equals_ignoring_case(rest_, "ago")) return false;
    value_ = {-value_.months, -value_.days, -value_.micros};
    return true;
  }

  std::string_view rest_;
  Interval value_;
  std::vector<std::pair<Part, std::int64_t>> seen_;
};

// One of years, months, days; remembers whether the last one was negative, because a positive part
// behind a negative one is printed with its sign.
class IntervalPrinter {
 public:
  std::string print(const Interval& interval) {
    append_part(interval.months / 12, "year");
    append_part(interval.months % 12, "mon");
    append_part(interval.days, "day");
    if (interval.micros != 0 || out_.empty()) append_clock(interval.micros);
    return std::move(out_);
  }

 private:
  void append_part(std::int64_t value, std::string_view unit) {
    if (value == 0) return;
    if (!out_.empty()) out_ += ' ';
    if (after_negative_ && value > 0) out_ += '+';
    out_ += std::to_string(value) + " ";
    out_ += unit;
    if (value != 1) out_ += 's';
    after_negative_ = value < 0;
  }

  void append_clock(std::int64_t micros) {
    if (!out_.empty()) out_ += ' ';
    if (micros < 0) {
      out_ += '-';
    } else if (after_negative_) {
      out_ += '+';
    }
    append_moment(out_, put_time, std::abs(micros));
  }

  std::string out_;
  bool after_negative_ = false;
};

bool fits_int32(std::int64_t value) {
  return value >= std::numeric_limits<std::int32_t>::min() &&
         value <= std::numeric_limits<std::int32_t>::max();
}

}  // namespace

Result<std::string> parse_interval(std::string_view text, int precision) {
  auto interval = IntervalScanner(trim(text)).run();
  if (!interval && std::none_of(text.begin(), text.end(), is_digit)) {
    return invalid_request("22007",
                           "invalid input syntax for type interval: \"" + std::string(text) + "\"");
  }
  if (!interval || !fits_int32(interval->months) || !fits_int32(interval->days)) {
    return only_upstream("an interval in a form that only the database reads");
  }
  interval->micros = round_micros(interval->micros, precision);
  return IntervalPrinter().print(*interval);
}

IntervalSpan interval_span(std::string_view text) {
  const Interval interval = IntervalScanner(text).run().value_or(Interval{});
  IntervalSpan span{interval.months * 30 + interval.days + interval.micros / kMicrosPerDay,
                    interval.micros % kMicrosPerDay};
  if (span.micros < 0) {
    --span.days;
    span.micros += kMicrosPerDay;
  }
  return span;
}

}  // namespace holdfast::cache
