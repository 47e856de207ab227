#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cache/query/operand.h"

namespace holdfast::cache::query {

// A condition on the rows of `place` as SQL that is true, false or NULL where Postgres' is.
// `exists(embed)` gives the SQL that is true when the embed has a row, for filters on embeds.
// Errors: as operand_of(); those of the type's input function; 42883 and 42804 for operators that
// do not exist; kForwardCode for what is not evaluated exactly here.
class ConditionWriter {
 public:
  using Exists = std::function<Result<std::string>(const Place& embed)>;

  ConditionWriter(Parameters& parameters, const PlanOptions& options, Exists exists)
      : parameters_(parameters), options_(options), exists_(std::move(exists)) {}

  Result<std::string> write(const Place& place, const Condition& condition);
  // An order on the operand is one that Postgres has, too.
  Result<void> check_order(const Operand& operand) const;
  // The same for rows that are sorted by it, where PostgreSQL's own refusal is known.
  Result<void> check_sorting(const Operand& operand) const;
  Result<void> check_equality(const Operand& operand) const;
  // SQL that orders (groups, compares for equality) as Postgres does the operand.
  std::string order_key(const Operand& operand);
  std::string equality_key(const Operand& operand);

 private:
  Result<std::string> write_logic(const Place& place, const Condition& condition);
  Result<std::string> write_filter(const Place& place, const Filter& filter);
  Result<std::string> write_operator(const Operand& operand, const Filter& filter);
  Result<std::string> write_null_embed(const Place& embed, const Filter& filter);
  Result<std::string> write_is(const Operand& operand, IsValue value) const;
  Result<std::string> write_in(const Operand& operand, const std::vector<std::string>& values);
  // `texts` are elements of an array: nullopt is NULL. `literal` is where the request has them as
  // they are.
  Result<std::string> write_list(const Operand& operand,
                                 const std::vector<std::optional<std::string>>& texts,
                                 const void* literal);
  Result<std::string> write_comparison(const Operand& operand, Operator op,
                                       const std::string& value);
  Result<std::string> write_pattern(const Operand& operand, Operator op, const std::string& value);
  Result<std::string> write_regular_expression(const Operand& operand, Operator op,
                                               const std::string& value);
  // What plain_pattern() does not read.
  Result<std::string> write_expression(const Operand& operand, Operator op,
                                       const std::string& value);
  Result<std::string> write_quantified(const Operand& operand, const Filter& filter);
  Result<std::string> write_single(const Operand& operand, Operator op, const std::string& value);
  Result<std::string> write_set(const Operand& operand, Operator op, const std::string& value);

  Parameters& parameters_;
  const PlanOptions& options_;
  Exists exists_;
};

}  // namespace holdfast::cache::query
