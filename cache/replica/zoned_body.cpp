#include "cache/replica/zoned_body.h"

#include <algorithm>

#include "cache/values/codec.h"
#include "cache/values/datetime.h"
#include "cache/values/range.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache {
namespace {

// Ranges and arrays of moments.
bool holds_moments(const Type& type) {
  const Type* part = type.kind == TypeKind::kArray ? type.element.get() : range_bound(type);
  return part != nullptr && (part->kind == TypeKind::kTimestamptz || holds_moments(*part));
}

// What is no moment is left to whoever reads it.
Result<void> put_in_zone(const Table& table, const TimeZone& zone, RawObject& row) {
  for (auto& [name, token] : row) {
    const auto index = table.column_index(name);
    if (!index || token == "null") continue;
    const Type& type = table.columns[*index].type;
    if (holds_moments(type)) {
      return invalid_request(kForwardCode, "moments of " + name + " in another time zone");
    }
    if (type.kind != TypeKind::kTimestamptz || !token.starts_with('"')) continue;
    const auto moment = parse_timestamptz(decode_json_string(token), -1, &zone);
    if (!moment) continue;
    token.clear();
    print_json(type, view(Value(*moment)), token);
  }
  return {};
}

}  // namespace

bool names_moments(const Mutation& mutation) {
  return std::ranges::any_of(mutation.body.rows, [&](const RawObject& row) {
    return std::ranges::any_of(row, [&](const auto& member) {
      const auto index = mutation.table->column_index(member.first);
      if (!index || member.second == "null") return false;
      const Type& type = mutation.table->columns[*index].type;
      return type.kind == TypeKind::kTimestamptz || holds_moments(type);
    });
  });
}

Result<void> put_in_zone(Mutation& mutation, std::string_view zone) {
  HF_TRY(const auto found, TimeZone::find(zone));
  for (RawObject& row : mutation.body.rows) {
    HF_TRY_VOID(put_in_zone(*mutation.table, *found, row));
  }
  return {};
}

}  // namespace holdfast::cache
