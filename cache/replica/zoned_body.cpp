#include "cache/replica/zoned_body.h"

#include "cache/values/codec.h"
#include "cache/values/datetime.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache {
namespace {

// What is no moment is left to whoever reads it.
void put_in_zone(const Table& table, const TimeZone& zone, RawObject& row) {
  for (auto& [name, token] : row) {
    const auto index = table.column_index(name);
    if (!index || !token.starts_with('"')) continue;
    const Type& type = table.columns[*index].type;
    if (type.kind != TypeKind::kTimestamptz) continue;
    const auto moment = parse_timestamptz(decode_json_string(token), -1, &zone);
    if (!moment) continue;
    token.clear();
    print_json(type, view(Value(*moment)), token);
  }
}

}  // namespace

Result<void> put_in_zone(Mutation& mutation, std::string_view zone) {
  HF_TRY(const auto found, TimeZone::find(zone));
  for (RawObject& row : mutation.body.rows) put_in_zone(*mutation.table, *found, row);
  return {};
}

}  // namespace holdfast::cache
