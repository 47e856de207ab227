#include "queue/row_version.h"

#include "cache/pull/puller.h"
#include "cache/replica/key.h"
#include "cache/values/codec.h"
#include "gateway/http/uri.h"

namespace holdfast::queue {
namespace {

using cache::Table;
using cache::TypeKind;

// Longer values make targets that proxies refuse.
constexpr std::size_t kLongestValue = 1'000;
constexpr std::size_t kLongestCondition = 4'000;

// Whether PostgREST's eq on the column compares with what is printed here.
bool comparable(const cache::Type& type) {
  if (type.kind == TypeKind::kArray) return type.element && comparable(*type.element);
  return type.kind != TypeKind::kJson && type.kind != TypeKind::kOther;
}

// Conditions joined by "and".
class Conditions {
 public:
  Conditions(const Table& table, const cache::Row& base) : table_(table), base_(base) {}

  // False when the column cannot be compared.
  bool add(std::size_t column) {
    const auto& [name, type] = std::pair(table_.columns[column].name, table_.columns[column].type);
    const cache::Value& value = base_[column];
    std::string condition = cache::quoted_name(name);
    if (cache::is_null(value)) {
      condition += ".is.null";
    } else {
      if (!comparable(type)) return false;
      const std::string literal = cache::filter_literal(type, value);
      if (literal.size() > kLongestValue) return false;
      condition += ".eq." + literal;
    }
    if (text_.size() + condition.size() > kLongestCondition) return false;
    text_ += (text_.empty() ? "" : ",") + condition;
    return true;
  }
  std::string parameter() const {
    return text_.empty() ? "" : "and=" + http::percent_encode("(" + text_ + ")");
  }

 private:
  const Table& table_;
  const cache::Row& base_;
  std::string text_;
};

}  // namespace

VersionColumns version_columns(const Table& table, const cache::TableOptions& options) {
  VersionColumns columns;
  if (!options.version_column.empty()) columns.version = table.column_index(options.version_column);
  columns.stamp = cache::stamp_column(table, options);
  columns.created = table.column_index("created_at");
  return columns;
}

Condition update_condition(const Table& table, const VersionColumns& columns,
                           const cache::Row& base, const std::vector<std::size_t>& changed) {
  Conditions conditions(table, base);
  Condition condition;
  const bool versioned = columns.version || columns.stamp;
  if (columns.version) conditions.add(*columns.version);
  if (columns.stamp) conditions.add(*columns.stamp);
  for (const std::size_t column : changed) {
    if (columns.bookkeeping(column) || table.is_key(column)) continue;
    if (!conditions.add(column) && !versioned) condition.whole = false;
  }
  condition.parameter = conditions.parameter();
  return condition;
}

Condition deletion_condition(const Table& table, const VersionColumns& columns,
                             const cache::Row& base) {
  Conditions conditions(table, base);
  for (const auto column : {columns.version, columns.stamp, columns.created}) {
    if (column && !table.is_key(*column)) conditions.add(*column);
  }
  return {conditions.parameter(), columns.any()};
}

}  // namespace holdfast::queue
