#pragma once

#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string_view>

#include "cache/catalog/table.h"
#include "cache/sqlite/value.h"

namespace holdfast::cache {

namespace expression {
struct Node;
}

// What a row's expression is computed from.
struct RowValues {
  const Table& table;
  std::span<const Value> values;         // one for each column
  const std::set<std::size_t>& unknown;  // columns of which the value is not known here
};

// An expression over one row, as pg_get_expr() prints those of generated columns and CHECKs.
//
// Known are columns, constants, casts, AND, OR, NOT, IS, CASE, COALESCE, NULLIF, GREATEST, LEAST,
// = ANY and <> ALL of a list, comparisons, arithmetic of integers and numerics, || of texts, and a
// few functions (see operators.h). What is not known gives no value rather than another one than
// Postgres', and so does what Postgres would refuse (overflow, division by zero).
// Immutable after construction.
class Expression {
 public:
  // nullopt when a part of `text` is not known. `table` may be gone afterwards.
  static std::optional<Expression> parse(const Table& table, std::string_view text);

  ~Expression();
  Expression(Expression&&) noexcept;
  Expression& operator=(Expression&&) noexcept;

  // As a value of `target` (the column's type, by an assignment). nullopt: only the upstream tells.
  std::optional<Value> evaluate(const RowValues& row, const Type& target) const;

  // Whether it is surely false, as a CHECK must not be; NULL is not.
  bool is_false(const RowValues& row) const;

 private:
  explicit Expression(std::unique_ptr<expression::Node> root);

  std::unique_ptr<expression::Node> root_;
};

}  // namespace holdfast::cache
