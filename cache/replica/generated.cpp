#include "cache/replica/generated.h"

#include <algorithm>
#include <cctype>
#include <string_view>

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

bool is_word(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
}

// Whether the column's name stands in the expression; a literal or a function of that name counts.
bool names(std::string_view expression, std::string_view column) {
  for (std::size_t at = 0; (at = expression.find(column, at)) != std::string_view::npos; ++at) {
    const std::size_t end = at + column.size();
    if (at > 0 && is_word(expression[at - 1])) continue;
    if (end < expression.size() && is_word(expression[end])) continue;
    return true;
  }
  return false;
}

// Whether what the generated column is made from may differ between the two.
bool is_made_from_changes(const Table& table, std::size_t generated, const Row& before,
                          const Row& after) {
  const std::string& expression = table.columns[generated].generation_expression;
  for (std::size_t i = 0; i < after.size(); ++i) {
    if (i == generated || (table.columns[i].kept && before[i] == after[i])) continue;
    if (expression.empty() || names(expression, table.columns[i].name)) return true;
  }
  return false;
}

}  // namespace

std::set<std::size_t> unknown_columns(const Table& table, const Row& row) {
  std::set<std::size_t> unknown;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (is_unknown(table, i, row[i])) unknown.insert(i);
  }
  return unknown;
}

std::vector<std::size_t> compute_generated(const Table& table, Row& row, const Row* before) {
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
    } else if (before == nullptr || is_made_from_changes(table, i, *before, row)) {
      if (!table.is_key(i)) row[i] = Null{};
      left.push_back(i);
    }
  }
  return left;
}

}  // namespace holdfast::cache
