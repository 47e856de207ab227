#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace holdfast::cache {

// A time zone as a Postgres session sets it: a name of the system's zone database or an offset.
// Moments and local times are seconds since 1970.
//
// Immutable after construction.
class TimeZone {
 public:
  virtual ~TimeZone() = default;

  // As SET timezone reads `name`. Errors: 22023 in Postgres' words for what surely is no zone;
  // kForwardCode for forms that are not read here. A zone of the database is read once.
  static Result<std::shared_ptr<const TimeZone>> find(std::string_view name);

  // Seconds east of UTC at a moment.
  virtual int offset_at(std::int64_t moment) const = 0;
  // Seconds east of UTC that Postgres takes for a local time: in a gap those from before it, in an
  // hour that comes twice those of its second coming.
  virtual int offset_of_local(std::int64_t local) const = 0;

 protected:
  TimeZone() = default;
  TimeZone(const TimeZone&) = default;
  TimeZone& operator=(const TimeZone&) = default;
};

}  // namespace holdfast::cache
