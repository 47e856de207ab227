#include "cache/values/time_zone.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "cache/values/calendar.h"
#include "cache/values/codec.h"
#include "cache/values/text.h"
#include "cache/values/zone_file.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {
namespace {

namespace fs = std::filesystem;

constexpr const char* kDatabase = "/usr/share/zoneinfo";
// Postgres reads zones in its input up to this, and prints what it cannot read.
constexpr int kLargestOffset = 15 * 3600 + 59 * 60 + 59;

class FixedZone final : public TimeZone {
 public:
  explicit FixedZone(int offset) : offset_(offset) {}
  int offset_at(std::int64_t) const override { return offset_; }
  int offset_of_local(std::int64_t) const override { return offset_; }

 private:
  int offset_;
};

class NamedZone final : public TimeZone {
 public:
  explicit NamedZone(ZoneFile file) : file_(std::move(file)) {}

  int offset_at(std::int64_t moment) const override {
    const auto& changes = file_.changes;
    if (by_rule(moment)) return around(moment).before;
    const auto next = std::upper_bound(
        changes.begin(), changes.end(), moment,
        [](std::int64_t at, const ZoneChange& change) { return at < change.moment; });
    return next == changes.begin() ? file_.first_offset : std::prev(next)->offset;
  }

  int offset_of_local(std::int64_t local) const override {
    const std::int64_t start = local - kSecondsPerDay;
    const auto [before, next] = by_rule(start) ? around(start) : in_list(start);
    if (!next) return before;
    const std::int64_t as_before = local - before;
    const std::int64_t as_after = local - next->offset;
    if (as_before < next->moment && as_after < next->moment) return before;
    if (as_before > next->moment && as_after >= next->moment) return next->offset;
    return as_before > as_after ? before : next->offset;
  }

 private:
  // The offset at a moment, and the first change after it.
  struct Around {
    int before = 0;
    std::optional<ZoneChange> next;
  };

  bool by_rule(std::int64_t moment) const {
    return file_.rule && (file_.changes.empty() || moment >= file_.changes.back().moment);
  }

  Around in_list(std::int64_t moment) const {
    const auto& changes = file_.changes;
    const auto next = std::upper_bound(
        changes.begin(), changes.end(), moment,
        [](std::int64_t at, const ZoneChange& change) { return at < change.moment; });
    Around result{next == changes.begin() ? file_.first_offset : std::prev(next)->offset, {}};
    if (next != changes.end()) result.next = *next;
    return result;
  }

  Around around(std::int64_t moment) const {
    const ZoneRule& rule = *file_.rule;
    if (!rule.changes()) return {rule.standard_offset(), {}};
    const std::int64_t day = moment / kSecondsPerDay - (moment % kSecondsPerDay < 0 ? 1 : 0);
    const std::int64_t year = civil_from_days(day + kUnixEpochDay).year;
    std::vector<ZoneChange> near;
    for (std::int64_t y = year - 1; y <= year + 1; ++y) {
      near.push_back(rule.to_summer(y));
      near.push_back(rule.to_standard(y));
    }
    std::sort(near.begin(), near.end(),
              [](const ZoneChange& a, const ZoneChange& b) { return a.moment < b.moment; });
    Around result;
    for (const auto& change : near) {
      if (change.moment > moment) {
        result.next = change;
        break;
      }
      result.before = change.offset;
    }
    return result;
  }

  ZoneFile file_;
};

Error invalid_zone(std::string_view name) {
  return invalid_request("22023",
                         "invalid value for parameter \"TimeZone\": \"" + std::string(name) + "\"");
}

Error unread_zone() {
  return {ErrorKind::kNotAnswerable, kForwardCode, "a time zone in a form that is not read here",
          std::nullopt, std::nullopt};
}

// The entry of the folder with that name, whatever its case.
std::optional<fs::path> entry_of(const fs::path& folder, std::string_view name) {
  const std::string wanted = to_lower(name);
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (equals_ignoring_case(entry.path().filename().string(), wanted)) return entry.path();
  }
  return std::nullopt;
}

std::optional<fs::path> file_of(std::string_view name) {
  fs::path path = kDatabase;
  while (!name.empty()) {
    const auto slash = std::min(name.find('/'), name.size());
    const auto part = name.substr(0, slash);
    if (part.empty() || part.starts_with('.')) return std::nullopt;
    const auto next = entry_of(path, part);
    if (!next) return std::nullopt;
    path = *next;
    name.remove_prefix(std::min(slash + 1, name.size()));
  }
  std::error_code error;
  return fs::is_regular_file(path, error) ? std::optional(path) : std::nullopt;
}

// "5.5", "-4": hours east.
std::optional<double> hours_of(std::string_view name) {
  if (name.starts_with('+')) name.remove_prefix(1);
  if (name.find_first_not_of("-0123456789.") != std::string_view::npos) return std::nullopt;
  double hours = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), hours);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return hours;
}

Result<std::shared_ptr<const TimeZone>> fixed_zone(std::string_view name, std::int64_t offset) {
  if (std::abs(offset) > kLargestOffset) return unread_zone();
  if (offset % 60 != 0) {
    Error error = invalid_request(
        "22023", "time zone \"" + std::string(name) + "\" appears to use leap seconds",
        "PostgreSQL does not support leap seconds.");
    return error;
  }
  return std::shared_ptr<const TimeZone>(std::make_shared<FixedZone>(static_cast<int>(offset)));
}

// "05:30", "+05:30:00": POSIX counts to the west.
std::optional<std::int64_t> posix_offset(std::string_view name) {
  const bool negative = name.starts_with('-');
  if (negative || name.starts_with('+')) name.remove_prefix(1);
  std::int64_t seconds = 0;
  std::int64_t unit = 3600;
  int parts = 0;
  for (; parts < 3; ++parts, unit /= 60) {
    int value = 0;
    const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), value);
    const auto digits = static_cast<std::size_t>(end - name.data());
    if (error != std::errc() || digits > 2 || name.starts_with('-')) return std::nullopt;
    if (value > (parts == 0 ? 24 : 59)) return std::nullopt;
    seconds += value * unit;
    name.remove_prefix(digits);
    if (name.empty()) break;
    if (!name.starts_with(':')) return std::nullopt;
    name.remove_prefix(1);
  }
  if (parts == 0 || parts == 3) return std::nullopt;
  return negative ? seconds : -seconds;
}

Result<std::shared_ptr<const TimeZone>> zone_of_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  auto read = read_zone_file(bytes);
  if (!read) return unread_zone();
  return std::shared_ptr<const TimeZone>(std::make_shared<NamedZone>(*std::move(read)));
}

// Those of the database that were read before, by the name that they were asked for.
class KnownZones {
 public:
  std::shared_ptr<const TimeZone> find(const std::string& name) const {
    MutexLock lock(mutex_);
    const auto found = zones_.find(name);
    return found == zones_.end() ? nullptr : found->second;
  }
  // Names come from requests: there may be any number.
  void keep(const std::string& name, std::shared_ptr<const TimeZone> zone) {
    constexpr std::size_t kMost = 64;
    MutexLock lock(mutex_);
    if (zones_.size() >= kMost) zones_.clear();
    zones_[name] = std::move(zone);
  }

 private:
  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<const TimeZone>> zones_ HF_GUARDED_BY(mutex_);
};

KnownZones& known_zones() {
  static KnownZones zones;
  return zones;
}

}  // namespace

Result<std::shared_ptr<const TimeZone>> TimeZone::find(std::string_view name) {
  if (const auto hours = hours_of(name)) {
    if (std::abs(*hours) > 24) return unread_zone();
    return fixed_zone(name, std::llrint(*hours * 3600));
  }
  if (const auto offset = posix_offset(name)) return fixed_zone(name, *offset);
  constexpr std::size_t kLongestName = 200;
  const bool plain =
      name.size() <= kLongestName &&
      std::all_of(name.begin(), name.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (!plain || equals_ignoring_case(name.substr(0, 8), "interval")) return unread_zone();
  if (auto known = known_zones().find(std::string(name))) return known;
  if (const auto path = file_of(name)) {
    const bool own =
        equals_ignoring_case(name, "localtime") || equals_ignoring_case(name, "posixrules");
    if (own) return unread_zone();
    auto zone = zone_of_file(*path);
    if (zone) known_zones().keep(std::string(name), *zone);
    return zone;
  }
  // What has none of these is no POSIX description of a zone either.
  const bool posix = name.find_first_of("0123456789,+-<") != std::string_view::npos;
  std::error_code error;
  if (posix || !fs::exists(fs::path(kDatabase) / "UTC", error)) return unread_zone();
  return invalid_zone(name);
}

}  // namespace holdfast::cache
