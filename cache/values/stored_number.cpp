#include "cache/values/stored_number.h"

#include <charconv>

#include "cache/values/float.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache {
namespace {

constexpr std::int64_t kUnixEpochShift = 946'684'800;  // 1970 to 2000, in seconds

int offset_of(const Type& type, std::int64_t micros) {
  if (type.zone == nullptr) return 0;
  const std::int64_t seconds = micros / kMicrosPerSecond - (micros % kMicrosPerSecond < 0 ? 1 : 0);
  return type.zone->offset_at(seconds + kUnixEpochShift);
}

}  // namespace

bool is_integer(TypeKind kind) {
  return kind == TypeKind::kInt2 || kind == TypeKind::kInt4 || kind == TypeKind::kInt8;
}

bool is_moment(TypeKind kind) {
  return kind == TypeKind::kDate || kind == TypeKind::kTime || kind == TypeKind::kTimestamp ||
         kind == TypeKind::kTimestamptz;
}

bool is_float(TypeKind kind) { return kind == TypeKind::kFloat4 || kind == TypeKind::kFloat8; }

char* put_integer(const Type& type, std::int64_t value, DateForm form, char* at) {
  switch (type.kind) {
    case TypeKind::kDate:
      return put_date(value, at);
    case TypeKind::kTime:
      return put_time(value, at);
    case TypeKind::kTimestamp:
      return put_timestamp(value, form, at);
    case TypeKind::kTimestamptz:
      return put_timestamptz(value, form, offset_of(type, value), at);
    default:
      return std::to_chars(at, at + kLongestInteger, value).ptr;
  }
}

void print_real(const Type& type, double value, std::string& out) {
  if (type.kind == TypeKind::kFloat4) {
    print_float4(static_cast<float>(value), out);
  } else {
    print_float8(value, out);
  }
}

}  // namespace holdfast::cache
