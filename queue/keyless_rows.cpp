#include "queue/keyless_rows.h"

#include <algorithm>

#include "cache/replica/defaults.h"
#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "queue/three_way.h"

namespace holdfast::queue {
namespace {

using cache::Row;

constexpr std::size_t kLongestPart = 300;  // bytes

// Values that mean the same in a filter as in a row, and are not too long for one.
bool is_comparable(const cache::Type& type) {
  switch (type.kind) {
    case cache::TypeKind::kInt2:
    case cache::TypeKind::kInt4:
    case cache::TypeKind::kInt8:
    case cache::TypeKind::kNumeric:
    case cache::TypeKind::kBool:
    case cache::TypeKind::kText:
    case cache::TypeKind::kUuid:
    case cache::TypeKind::kDate:
    case cache::TypeKind::kTimestamp:
    case cache::TypeKind::kTimestamptz:
      return true;
    default:
      return false;
  }
}

// How much a value tells apart its row from others.
std::size_t weight_of(const cache::Column& column, const cache::Value& value) {
  if (cache::is_null(value) || column.type.kind == cache::TypeKind::kBool) return 0;
  std::string text;
  cache::print_text(column.type, cache::view(value), text);
  return text.size();
}

}  // namespace

bool has_insert_trigger(const cache::Table& table) {
  return std::any_of(
      table.triggers.begin(), table.triggers.end(),
      [](const cache::Trigger& trigger) { return trigger.before && trigger.on_insert; });
}

std::string conditions_of(const cache::Table& table, const cache::Effect& effect) {
  Row row(table.columns.size(), cache::Null{});
  if (!cache::merge_row(table, effect.changes, row)) return "";
  std::string conditions;
  for (const std::size_t index : changed_columns(table, effect.changes, std::nullopt)) {
    const cache::Column& column = table.columns[index];
    if (table.is_key(index) || !is_comparable(column.type)) continue;
    const std::string condition = cache::value_filter(column, row[index]);
    if (condition.size() <= kLongestPart) conditions += "&" + condition;
  }
  return conditions;
}

ColumnValues sure_defaults(const cache::Table& table, const cache::Effect& effect,
                           const http::Principal& principal, Timestamp now) {
  const auto named = changed_columns(table, effect.changes, std::nullopt);
  ColumnValues values;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    const cache::Column& column = table.columns[i];
    if (std::find(named.begin(), named.end(), i) != named.end() || !column.kept) continue;
    const auto value = cache::compute_default(column, {principal, now});
    const auto later = cache::compute_default(column, {principal, now + std::chrono::hours(1)});
    if (value && later && value->value == later->value) values.emplace_back(i, value->value);
  }
  return values;
}

ColumnValues owners_among(const cache::Table& table, ColumnValues values) {
  std::erase_if(values, [&](const auto& value) {
    const auto& expression = table.columns[value.first].default_expression;
    return !expression || expression->find("auth.") == std::string::npos;
  });
  return values;
}

bool has_values(const cache::Table& table, const Row& row, const ColumnValues& values) {
  return std::all_of(values.begin(), values.end(), [&](const auto& value) {
    return is_same(table.columns[value.first], row[value.first], value.second);
  });
}

bool shows(const cache::Table& table, const cache::Effect& effect, const Row& row) {
  Row expected = row;
  return cache::merge_row(table, effect.changes, expected) && expected == row;
}

bool says_nearly(const cache::Table& table, const cache::Effect& effect, const Row& row) {
  Row expected = row;
  if (!cache::merge_row(table, effect.changes, expected)) return false;
  std::size_t all = 0;
  std::size_t same = 0;
  for (const std::size_t index : changed_columns(table, effect.changes, std::nullopt)) {
    const std::size_t weight = weight_of(table.columns[index], expected[index]);
    all += weight;
    if (expected[index] == row[index]) same += weight;
  }
  return 2 * same >= all;
}

}  // namespace holdfast::queue
