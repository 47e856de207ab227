#pragma once

#include <string>

#include "cache/query/resolve.h"
#include "cache/query/sql_text.h"

namespace holdfast::cache::query {

// A column, or what a JSON path takes from it, as SQL with its type.
struct Operand {
  std::string sql;
  const Type* type = nullptr;
  bool byte_order = true;
  const std::string* collation = nullptr;  // Column::collation of text that is not in byte order
  std::string letters;  // by what their cases are told: "C", a collation; empty: as in C.UTF-8
  bool nullable = true;
  bool plain_column = false;  // so that an index on it can serve
  std::string domain;         // of the column, as Postgres names it; empty: no domain's value
};

// Of what type messages say that the operand is.
const std::string& spoken_type(const Operand& operand);

// kForwardCode for a column whose values are not here.
Result<void> check_kept(const Place& place, const Column& column);

// Errors: 42703 for an unknown column, 42883 for a path behind ->>, kForwardCode.
Result<Operand> operand_of(const Place& place, const Field& field, Parameters& parameters);

// `operand` with its select cast. kForwardCode for conversions that are not exact here.
Result<Operand> cast_operand(const Operand& operand, const std::string& cast,
                             Parameters& parameters);

// `sql` compared as values of `type` are: with its collation.
std::string collated(const std::string& sql, const Type& type);

const Type& json_type();
const Type& jsonb_type();
const Type& bigint_type();
const Type& text_type();

}  // namespace holdfast::cache::query
