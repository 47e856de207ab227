#pragma once

#include <string>
#include <vector>

#include "cache/query/operand.h"

// count(), sum(), avg(), min(), max() in select, and what they are grouped by: the other fields of
// the same place and of its to-one spreads.
namespace holdfast::cache::query {

// The place whose rows a place's fields belong to: where to-one spreads lead up to.
const Place& scope_of(const Place& place);

const char* aggregate_name(Aggregate aggregate);

// The aggregate over the operand's values. kForwardCode where it is not exact, or does not exist.
Result<Operand> aggregate_operand(Operand operand, Aggregate aggregate, Parameters& parameters);

// count() of a place's rows.
Operand count_of_rows(const Place& place);

// Whether equal values of the type also print alike, so that any of a group stands for all.
bool groups_exactly(const Type& type);

// 42703 when there is no such column, else kForwardCode unless it is what the place is grouped by.
Result<Operand> grouped_order_operand(const Place& place, const ResolvedOrder& order,
                                      Parameters& parameters);

}  // namespace holdfast::cache::query
