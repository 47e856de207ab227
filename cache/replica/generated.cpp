#include "cache/replica/generated.h"

#include <algorithm>

#include "cache/expression/expression.h"

namespace holdfast::cache {
namespace {

bool refers(const Table& table, std::size_t column) {
  return std::any_of(
      table.foreign_keys.begin(), table.foreign_keys.end(), [&](const ForeignKey& key) {
        return std::find(key.columns.begin(), key.columns.end(), column) != key.columns.end();
      });
}

// A negative number in a column that the upstream counts, or that leads to one.
bool may_be_temporary(const Table& table, std::size_t index, const Value& value) {
  const auto* number = std::get_if<std::int64_t>(&value);
  if (number == nullptr || *number >= 0) return false;
  return table.is_key(index) || refers(table, index);
}

bool is_unknown(const Table& table, std::size_t index, const Value& value) {
  const Column& column = table.columns[index];
  if (!column.kept) return true;
  if (!is_null(value)) return may_be_temporary(table, index, value);
  return column.default_expression || column.identity != Identity::kNo ||
         column.generated != Generated::kNo;
}

}  // namespace

std::set<std::size_t> unknown_columns(const Table& table, const Row& row) {
  std::set<std::size_t> unknown;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_unknown(table, i, row[i])) unknown.insert(i);
  }
  return unknown;
}

std::vector<std::size_t> compute_generated(const Table& table, Row& row) {
  std::vector<std::size_t> left;
  std::optional<std::set<std::size_t>> unknown;
  for (std::size_t i = 0; i < row.size(); ++i) {
    const Column& column = table.columns[i];
    if (column.generated == Generated::kNo || !column.kept) continue;
    const auto expression = Expression::parse(table, column.generation_expression);
    if (expression && !unknown) unknown = unknown_columns(table, row);
    auto value =
        expression ? expression->evaluate({table, row, *unknown}, column.type) : std::nullopt;
    if (value) {
      row[i] = *std::move(value);
    } else {
      left.push_back(i);
    }
  }
  return left;
}

}  // namespace holdfast::cache
