#include "cache/replica/computation.h"

#include <algorithm>

#include "cache/query/suggestions.h"
#include "cache/replica/constraints.h"
#include "cache/replica/generated.h"
#include "cache/values/codec.h"
#include "cache/values/opaque.h"

namespace holdfast::cache {
namespace {

// Of a row's constraints, or of a row that one upsert meets twice.
bool is_violation(std::string_view code) { return code.starts_with("23") || code == "21000"; }

}  // namespace

bool Computation::may_be_mended() const {
  if (context.authoritative || context.sole || catalog.is_partial()) return false;
  return std::any_of(table().triggers.begin(), table().triggers.end(), [&](const Trigger& trigger) {
    return trigger.before && fires(mutation, trigger);
  });
}

std::vector<std::size_t> settle_generated(const Computation& computation, Row& row,
                                          const Row* before) {
  const Table& table = computation.table();
  auto left = compute_generated(table, row, before);
  if (!computation.may_be_mended()) return left;
  left.clear();
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i].generated != Generated::kNo) left.push_back(i);
  }
  return left;
}

Error unknown_conflict_column(const Computation& computation, const std::string& name) {
  const bool partial = computation.catalog.is_partial();
  const Table& table = computation.table();
  // Where PostgREST finds a name like it, its hint tells of what only it has, such as "excluded".
  if (partial || query::column_hint(table, table.name, name)) {
    return invalid_request(kForwardCode, "an upsert by a column that is not known here");
  }
  return invalid_request("42703", "column \"" + name + "\" does not exist");
}

bool is_made_upstream(const Column& column) {
  return column.generated != Generated::kNo || column.identity == Identity::kAlways;
}

std::optional<Error> refuse_assigned(const Column& column) {
  if (!is_made_upstream(column)) return std::nullopt;
  const bool generated = column.generated != Generated::kNo;
  return invalid_request("428C9", "column \"" + column.name + "\" can only be updated to DEFAULT",
                         "Column \"" + column.name +
                             (generated ? "\" is a generated column."
                                        : "\" is an identity column defined as GENERATED ALWAYS."));
}

Result<std::vector<std::size_t>> target_columns(const Mutation& mutation) {
  const Table& table = *mutation.table;
  std::vector<std::string> names = mutation.query.columns();
  if (names.empty() && !mutation.body.rows.empty()) {
    for (const auto& [name, token] : mutation.body.rows[0]) names.push_back(name);
  }
  std::vector<std::size_t> columns;
  for (const auto& name : names) {
    const auto index = table.column_index(name);
    if (!index) return unknown_column(table, name);
    columns.push_back(*index);
  }
  return columns;
}

Result<void> check_readable(const Column& column) {
  if (!column.custom_casts) return {};
  return invalid_request(kForwardCode, "casts of domain " + column.domain);
}

Computed first_reported(Computed outcome, const Mutation& mutation,
                        const std::vector<std::size_t>& columns, std::size_t next) {
  const auto* violation = std::get_if<Error>(&outcome);
  if (violation == nullptr || !is_violation(violation->code)) return outcome;
  for (std::size_t i = next; i < mutation.body.rows.size(); ++i) {
    for (const std::size_t index : columns) {
      const Column& column = mutation.table->columns[index];
      const auto token = find_member(mutation.body.rows[i], column.name);
      auto value = token ? parse_json(column.type, *token) : Result<Value>(Null{});
      if (!value) return std::move(value).error();
    }
  }
  return outcome;
}

void note_reshaped(const Column& column, const Value& value, std::vector<std::string>& reshaped) {
  if (is_null(value)) return;
  const Type& type = column.type.kind == TypeKind::kArray && column.type.element
                         ? *column.type.element
                         : column.type;
  if (type.kind != TypeKind::kOther) return;
  const auto* text = std::get_if<std::string>(&value);
  if (&type == &column.type && text != nullptr && prints_as_stored(type, *text)) return;
  if (std::find(reshaped.begin(), reshaped.end(), column.name) == reshaped.end()) {
    reshaped.push_back(column.name);
  }
}

}  // namespace holdfast::cache
