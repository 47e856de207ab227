#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cache/query/conditions.h"

namespace holdfast::cache::query {

// One member of an answered row.
struct OutputColumn {
  std::string name;
  std::string sql;
  const Type* type = nullptr;
  Member::Kind kind = Member::Kind::kValue;
  std::string group;     // what it is grouped by, among aggregates; empty for an aggregate itself
  bool alike = false;    // of JSON: where two are equal they are also printed alike
  bool by_name = false;  // PostgREST groups by its name alone, which another column may have
};

// Writes the parts of SELECTs for a tree of places: each embed becomes one correlated subquery that
// builds its JSON, or a join where its columns are needed.
// One thread at a time: the planner.
class SelectWriter {
 public:
  SelectWriter(Parameters& parameters, const PlanOptions& options);

  // The row of a place: fields, embeds, spread columns.
  Result<std::vector<OutputColumn>> outputs(const Place& place);
  // `"table" AS t1` with the joins that its outputs and order need.
  Result<std::string> from(const Place& place);
  // All conditions on the place's own rows; empty when there are none.
  Result<std::string> where(const Place& place);
  // As where(), for a FROM without joins: the rows are counted, not shown.
  Result<std::string> bare_where(const Place& place);
  std::string bare_from(const Place& place) const;
  // "" or " GROUP BY a, b", of an aggregated place's outputs. kForwardCode when two have one name.
  static Result<std::string> group_by(const std::vector<OutputColumn>& columns);
  // What "order=embed(wanted)" means: PostgREST orders by a column that the embed answers with,
  // under the name that it has there (its pgFmtOrderTerm over the lateral join).
  Result<Operand> related_order_operand(const Place& embed, const Field& wanted);
  // "" or "a DESC, b".
  Result<std::string> order(const Place& place);
  std::unique_ptr<RowShape> shape(const std::vector<OutputColumn>& columns) const;

 private:
  Result<std::string> exists(const Place& embed);
  // Of an aggregated one: whether even no rows make one. kForwardCode where that is not known.
  Result<bool> has_always_rows(const Place& embed) const;
  Result<std::vector<std::string>> conditions(const Place& place, bool joins_in_scope);
  Result<std::vector<std::string>> link(const Place& embed) const;
  Result<void> add_joins(const Place& place, std::string& sql);
  Result<OutputColumn> field_output(const Place& place, const SelectField& field);
  Result<OutputColumn> aggregate_output(const Place& place, const SelectField& field);
  // What the operand is grouped by; empty where nothing is.
  Result<std::string> group_key(const Place& place, const Operand& operand);
  Result<OutputColumn> embed_output(const Place& embed, const std::vector<OutputColumn>& columns,
                                    std::string sql) const;
  Result<void> add_fields(const Place& place, std::vector<OutputColumn>& out);
  Result<void> add_all_columns(const Place& place, std::vector<OutputColumn>& out);
  // `joined` gets the names of the columns that PostgREST's subquery for the embed has.
  Result<void> add_embed(const Place& embed, std::vector<OutputColumn>& out,
                         std::set<std::string>& joined);
  Result<void> add_spread(const Place& embed, std::vector<OutputColumn>& out,
                          std::set<std::string>& joined);
  // The order of a single row does nothing, but its columns must be there.
  Result<void> check_order_of_one(const Place& embed);
  // Nor does that of an embed which shows nothing, and what it is filtered by.
  Result<void> check_unshown(const Place& embed);
  Result<std::string> object_of(const Place& embed, const std::vector<OutputColumn>& columns);
  // The arguments of an aggregate over the place's rows, wide rows in fragments.
  std::string arguments(const std::vector<OutputColumn>& columns);
  Result<std::string> array_of(const Place& embed, std::vector<OutputColumn> columns);
  // The embedded rows counted: [{"count":2}].
  Result<std::string> count_of(const Place& embed, std::string name);
  Result<std::string> list_of(const Place& embed, OutputColumn column);
  // "FROM … WHERE …" of an embed's rows.
  Result<std::string> rows_of(const Place& embed);
  // The same as a subquery with its order and limit, whose columns are s.c0, s.c1, …; `columns`
  // then name those. Without order and limit it is rows_of().
  Result<std::string> ordered_rows_of(const Place& embed, std::vector<OutputColumn>& columns);
  std::optional<std::int64_t> limit_of(const Place& embed) const;

  Parameters& parameters_;
  const PlanOptions& options_;
  ConditionWriter conditions_;
  // An embed's limit and offset decide whether it has rows; not where rows are only counted.
  bool windowed_ = true;
};

}  // namespace holdfast::cache::query
