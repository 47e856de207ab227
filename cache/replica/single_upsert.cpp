#include "cache/replica/single_upsert.h"

#include <algorithm>

#include "cache/query/syntax.h"
#include "cache/replica/computation.h"
#include "cache/values/codec.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache {
namespace {

using query::Condition;
using query::Filter;

Error other_filters() {
  return invalid_request(
      "PGRST105", "Filters must include all and only primary key columns with 'eq' operators");
}

bool is_plain_equality(const Condition& condition) {
  const Filter& filter = condition.filter;
  return condition.kind == Condition::Kind::kFilter && filter.op == query::Operator::kEq &&
         !filter.negated && filter.quantifier == query::Quantifier::kNone &&
         filter.field.path.empty();
}

// The value that the filters give each column of the key, in its order.
Result<std::vector<Value>> named_key(const Mutation& mutation) {
  const Table& table = *mutation.table;
  const auto& tree = mutation.query.tree();
  if (!table.primary_key || !tree.logic.empty()) return other_filters();
  std::vector<const Filter*> filters(table.primary_key->columns.size(), nullptr);
  for (const auto& [path, condition] : tree.filters) {
    if (!path.empty()) continue;
    if (!is_plain_equality(condition)) return other_filters();
    const auto index = table.column_index(condition.filter.field.name);
    const auto& key = table.primary_key->columns;
    const auto place = index ? std::find(key.begin(), key.end(), *index) : key.end();
    if (place == key.end()) return other_filters();
    filters[static_cast<std::size_t>(place - key.begin())] = &condition.filter;
  }
  std::vector<Value> values;
  for (std::size_t i = 0; i < filters.size(); ++i) {
    if (filters[i] == nullptr) return other_filters();
    const Column& column = table.columns[table.primary_key->columns[i]];
    HF_TRY(Value value, parse_text(column.type, filters[i]->value));
    values.push_back(std::move(value));
  }
  return values;
}

// Whether the row of the body has this key; false for values that are none of their columns'.
bool has_key(const RawObject& row, const Table& table, const std::vector<Value>& key) {
  for (std::size_t i = 0; i < key.size(); ++i) {
    const Column& column = table.columns[table.primary_key->columns[i]];
    const auto token = find_member(row, column.name);
    if (!token) return false;
    const auto value = parse_json(column.type, *token);
    if (!value || !same_value(column.type, *value, key[i])) return false;
  }
  return true;
}

}  // namespace

Result<void> make_single_upsert(Mutation& mutation) {
  const auto* range = mutation.query.tree().root_range();
  if (range != nullptr && (range->limit || range->offset != 0)) {
    return invalid_request("PGRST114",
                           "limit/offset querystring parameters are not allowed for PUT");
  }
  HF_TRY(const auto key, named_key(mutation));
  mutation.resolution = Resolution::kMergeDuplicates;
  mutation.single = true;
  std::erase_if(mutation.body.rows,
                [&](const RawObject& row) { return !has_key(row, *mutation.table, key); });
  if (mutation.body.rows.empty()) {
    return invalid_request("PGRST115", "Payload values do not match URL in primary key column(s)");
  }
  return {};
}

}  // namespace holdfast::cache
