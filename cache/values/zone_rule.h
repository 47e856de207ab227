#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::cache {

// A zone's offset from a moment on.
struct ZoneChange {
  std::int64_t moment = 0;  // seconds since 1970
  int offset = 0;           // seconds east of UTC
};

// The rule at the end of a TZif file (POSIX TZ), by which a zone changes for ever after.
// Immutable after construction.
class ZoneRule {
 public:
  // nullopt for what is no such rule.
  static std::optional<ZoneRule> parse(std::string_view text);

  bool changes() const { return changes_; }
  int standard_offset() const { return standard_; }
  // The two changes of a year, in no order; only of a rule that changes().
  ZoneChange to_summer(std::int64_t year) const;
  ZoneChange to_standard(std::int64_t year) const;

 private:
  friend class ZoneRuleReader;

  struct Day {
    enum class Kind : std::uint8_t { kJulian, kDayOfYear, kWeekday };
    Kind kind = Kind::kWeekday;
    int month = 0;
    int week = 0;  // 5 = the last
    int day = 0;   // of the week or the year
    int seconds = 7200;
  };

  static std::int64_t local_moment(const Day& day, std::int64_t year);

  bool changes_ = false;
  int standard_ = 0;
  int summer_ = 0;
  Day summer_start_;
  Day summer_end_;
};

}  // namespace holdfast::cache
