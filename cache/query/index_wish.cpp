#include "cache/query/index_wish.h"

#include <algorithm>

#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

// More make an index larger, and hardly ever better.
constexpr std::size_t kMostColumns = 3;

bool has(const std::vector<std::size_t>& columns, std::size_t column) {
  return std::find(columns.begin(), columns.end(), column) != columns.end();
}

// The stored column of the field, when SQLite orders (compares) it as it is stored.
std::optional<std::size_t> indexable(const Table& table, const Field& field, bool ordered) {
  if (!field.path.empty()) return std::nullopt;
  const auto column = table.column_index(field.name);
  if (!column) return std::nullopt;
  const Type& type = table.columns[*column].type;
  if (ordered ? !orders_exactly(type) : !compares_exactly(type)) return std::nullopt;
  // An index keeps the order of the bytes.
  if (ordered && !table.columns[*column].byte_order) return std::nullopt;
  return column;
}

bool is_bound(Operator op) {
  return op == Operator::kGt || op == Operator::kGte || op == Operator::kLt || op == Operator::kLte;
}

struct Compared {
  std::vector<std::size_t> equal;
  std::vector<std::size_t> bounded;
};

Compared compared_columns(const Place& root) {
  Compared compared;
  for (const Condition* condition : root.conditions) {
    const Filter& filter = condition->filter;
    const bool plain = condition->kind == Condition::Kind::kFilter && !filter.negated &&
                       filter.quantifier == Quantifier::kNone;
    if (!plain) continue;
    const bool equal = filter.op == Operator::kEq || filter.op == Operator::kIn;
    if (!equal && !is_bound(filter.op)) continue;
    const auto column = indexable(*root.table, filter.field, !equal);
    auto& columns = equal ? compared.equal : compared.bounded;
    if (column && !has(columns, *column)) columns.push_back(*column);
  }
  std::sort(compared.equal.begin(), compared.equal.end());
  return compared;
}

// Empty when one index cannot give the order.
std::vector<std::size_t> order_columns(const Place& root) {
  std::vector<std::size_t> columns;
  for (const auto& [term, embed] : root.order) {
    const bool alike = embed == nullptr && term->descending == root.order[0].term->descending;
    const auto column = alike ? indexable(*root.table, term->field, true) : std::nullopt;
    if (!column) return {};
    columns.push_back(*column);
  }
  return columns;
}

// Whether a key of the table begins with one of the columns: its index narrows enough.
bool served(const Table& table, const std::vector<std::size_t>& columns) {
  const auto leads = [&](const auto& key) { return has(columns, key.columns.front()); };
  return (table.primary_key && leads(*table.primary_key)) ||
         std::any_of(table.unique.begin(), table.unique.end(), leads) ||
         std::any_of(table.foreign_keys.begin(), table.foreign_keys.end(), leads);
}

}  // namespace

std::optional<IndexWish> wished_index(const Place& root) {
  if (root.aggregated()) return std::nullopt;
  Compared compared = compared_columns(root);
  std::vector<std::size_t> columns = std::move(compared.equal);
  const auto order = order_columns(root);
  const auto& tail = order.empty() ? compared.bounded : order;
  if (served(*root.table, columns)) return std::nullopt;
  if (columns.empty() && (tail.empty() || served(*root.table, {tail.front()}))) {
    return std::nullopt;
  }
  for (const std::size_t column : tail) {
    // Every index ends with the row's number, which is an integer key.
    if (columns.size() == kMostColumns || root.table->is_key(column)) break;
    if (!has(columns, column)) columns.push_back(column);
    if (order.empty()) break;
  }
  if (columns.empty()) return std::nullopt;
  columns.resize(std::min(columns.size(), kMostColumns));
  return IndexWish{root.table, std::move(columns)};
}

}  // namespace holdfast::cache::query
