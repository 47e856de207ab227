#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cache {

class TimeZone;  // cache/values/time_zone.h

// How a Postgres type is stored, compared and printed here (architecture.md, value model).
enum class TypeKind : std::uint8_t {
  kInt2,
  kInt4,
  kInt8,  // also oid
  kFloat4,
  kFloat8,
  kNumeric,
  kBool,
  kText,  // text, character varying, character, name
  kUuid,
  kEnum,
  kDate,
  kTimestamp,
  kTimestamptz,
  kTime,
  kTimetz,
  kInterval,
  kJson,
  kJsonb,
  kBytea,
  kArray,
  kOther,  // opaque: selected and compared for equality as text, else forwarded
};

// A Postgres type as the catalog names it. A domain is its base type.
struct Type {
  TypeKind kind = TypeKind::kOther;
  std::string name;    // as format_type() prints it with its modifier: "character varying(20)"
  std::string base;    // the same without modifier: "character varying"
  int length = -1;     // character types and bit: declared length; -1 none
  int precision = -1;  // numeric: digits; timestamps, times: fraction digits; -1 none
  int scale = 0;       // numeric: digits after the point
  std::vector<std::string> labels;      // enum: in order
  std::shared_ptr<const Type> element;  // array: of what; else null
  // timestamptz: in which it is read and printed; null = UTC. No catalog sets it, a plan may.
  std::shared_ptr<const TimeZone> zone = {};
};

bool is_float(const Type& type);  // real, double precision
// Whether blanks at the end mean nothing: character(n).
bool is_padded(const Type& type);

// The type that `name` (a format_type() text, or one of its usual aliases such as int4, varchar,
// timestamptz, as a cast names it) stands for. `labels` belong to an enum; they make any name an
// enum. Unknown names give kOther.
Type make_type(std::string_view name, std::vector<std::string> labels = {});

}  // namespace holdfast::cache
