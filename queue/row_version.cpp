#include "queue/row_version.h"

#include <algorithm>

#include "cache/pull/puller.h"
#include "cache/replica/key.h"
#include "cache/values/codec.h"

namespace holdfast::queue {
namespace {

using cache::Table;
using cache::TypeKind;

// Longer values make targets that proxies refuse.
constexpr std::size_t kLongestValue = 1'000;
constexpr std::size_t kLongestCondition = 4'000;

// Whether eq on the column compares with what is printed here, on every server that speaks
// PostgREST's language: some answer 500 to an array of text.
bool comparable(const cache::Type& type) {
  return type.kind != TypeKind::kJson && type.kind != TypeKind::kOther &&
         type.kind != TypeKind::kArray;
}

// Whether it may be compared: by PostgREST all are but json, which has no equality.
bool perhaps_comparable(const cache::Type& type) {
  const cache::Type& value = type.kind == TypeKind::kArray && type.element ? *type.element : type;
  return value.kind != TypeKind::kJson;
}

enum class Comparing { kSurely, kPerhaps };

// Conditions that all have to hold.
class Conditions {
 public:
  Conditions(const Table& table, const cache::Row& base, Comparing comparing = Comparing::kSurely)
      : table_(table), base_(base), comparing_(comparing) {}

  // False when the column cannot be compared.
  bool add(std::size_t index) {
    const cache::Column& column = table_.columns[index];
    const cache::Value& value = base_[index];
    if (!cache::is_null(value)) {
      const bool may = comparing_ == Comparing::kSurely ? comparable(column.type)
                                                        : perhaps_comparable(column.type);
      if (!may || column.custom_casts) return false;
      std::string text;
      cache::print_text(column.type, cache::view(value), text);
      if (text.size() > kLongestValue) return false;
    }
    const std::string parameter = cache::value_filter(column, value);
    if (text_.size() + parameter.size() > kLongestCondition) return false;
    text_ += (text_.empty() ? "" : "&") + parameter;
    return true;
  }
  std::string parameters() const { return text_; }

 private:
  const Table& table_;
  const cache::Row& base_;
  const Comparing comparing_;
  std::string text_;
};

// Whether an unchanged version says that nothing was changed. A stamp does where a trigger keeps
// it.
bool proves_all(const Table& table, const VersionColumns& columns) {
  if (columns.version) return true;
  return columns.stamp && std::any_of(table.triggers.begin(), table.triggers.end(),
                                      [](const cache::Trigger& trigger) {
                                        return trigger.before && trigger.on_update;
                                      });
}

std::vector<std::size_t> others_than(const std::vector<std::size_t>& these,
                                     std::vector<std::size_t> columns) {
  std::erase_if(columns, [&](std::size_t column) {
    return std::find(these.begin(), these.end(), column) != these.end();
  });
  return columns;
}

}  // namespace

bool raises_version(const VersionColumns& columns, const cache::Row& base,
                    const cache::Row& after) {
  const auto raised = [&](std::optional<std::size_t> column) {
    return column && base[*column] != after[*column];
  };
  return raised(columns.version) || raised(columns.stamp);
}

std::vector<std::size_t> plain_columns(const Table& table) {
  auto columns = table.kept_columns();
  std::erase_if(columns, [&](std::size_t index) {
    const cache::Column& column = table.columns[index];
    return table.is_key(index) || column.custom_casts || !comparable(column.type);
  });
  return columns;
}

std::optional<Timestamp> changed_at(const cache::Row& row, const VersionColumns& columns) {
  constexpr auto kStampEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
  if (!columns.stamp) return std::nullopt;
  const auto* stamp = std::get_if<std::int64_t>(&row[*columns.stamp]);
  return stamp ? std::optional(kStampEpoch + std::chrono::microseconds(*stamp)) : std::nullopt;
}

VersionColumns version_columns(const Table& table, const cache::TableOptions& options) {
  VersionColumns columns;
  if (!options.version_column.empty()) columns.version = table.column_index(options.version_column);
  columns.stamp = cache::stamp_column(table, options);
  columns.created = table.column_index("created_at");
  if (columns.created && !table.columns[*columns.created].kept) columns.created.reset();
  return columns;
}

RowCondition update_condition(const Table& table, const VersionColumns& columns,
                              const cache::Row& base, const Named& named) {
  Conditions conditions(table, base);
  RowCondition condition;
  const bool versioned = proves_all(table, columns);
  if (columns.version) conditions.add(*columns.version);
  if (columns.stamp) conditions.add(*columns.stamp);
  for (const std::size_t column : named.changed) {
    if (columns.bookkeeping(column) || table.is_key(column)) continue;
    if (!table.columns[column].kept) continue;
    if (!conditions.add(column) && !versioned) condition.whole = false;
  }
  for (const std::size_t column : named.restated) {
    if (!conditions.add(column)) condition.left_out.push_back(column);
  }
  // Then there is nothing else to send.
  if (named.changed.empty() && condition.left_out == named.restated) condition.whole = false;
  condition.parameters = conditions.parameters();
  return condition;
}

RowCondition whole_condition(const Table& table, const cache::Row& base,
                             const std::vector<std::size_t>& restated) {
  Conditions conditions(table, base);
  RowCondition condition;
  for (const std::size_t column : plain_columns(table)) {
    if (conditions.add(column)) condition.compared.push_back(column);
  }
  condition.left_out = others_than(condition.compared, restated);
  condition.parameters = conditions.parameters();
  return condition;
}

RowCondition exact_condition(const Table& table, const cache::Row& base,
                             const std::vector<std::size_t>& decisive,
                             const std::vector<std::size_t>& restated) {
  Conditions conditions(table, base, Comparing::kPerhaps);
  RowCondition condition;
  for (const std::size_t column : decisive) {
    if (table.is_key(column)) continue;
    if (!table.columns[column].kept || !conditions.add(column)) condition.whole = false;
    condition.compared.push_back(column);
  }
  for (const std::size_t column : plain_columns(table)) {
    const bool there = std::find(decisive.begin(), decisive.end(), column) != decisive.end();
    if (!there && conditions.add(column)) condition.compared.push_back(column);
  }
  condition.left_out = others_than(condition.compared, restated);
  if (decisive.empty() && condition.left_out == restated) condition.whole = false;
  condition.parameters = conditions.parameters();
  return condition;
}

RowCondition deletion_condition(const Table& table, const VersionColumns& columns,
                                const cache::Row& base) {
  Conditions conditions(table, base);
  for (const auto column : {columns.version, columns.stamp, columns.created}) {
    if (column && !table.is_key(*column)) conditions.add(*column);
  }
  const auto plain = plain_columns(table);
  std::size_t compared = 0;
  for (const std::size_t column : plain) {
    const bool version = columns.bookkeeping(column) || column == columns.created;
    if (version || conditions.add(column)) ++compared;
  }
  std::size_t others = 0;
  for (const std::size_t column : table.kept_columns()) others += table.is_key(column) ? 0U : 1U;
  const bool versioned = proves_all(table, columns);
  return {conditions.parameters(), versioned || compared == others, {}};
}

}  // namespace holdfast::queue
