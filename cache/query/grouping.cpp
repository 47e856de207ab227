#include "cache/query/grouping.h"

#include <algorithm>

#include "cache/values/range.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache::query {
namespace {

const Type& numeric_type() {
  static const Type type = make_type("numeric");
  return type;
}

const Type& double_type() {
  static const Type type = make_type("double precision");
  return type;
}

bool is_small_integer(const Type& type) {
  return type.kind == TypeKind::kInt2 || type.kind == TypeKind::kInt4;
}

bool adds_up(const Type& type) {
  if (type.base == "oid") return false;
  return is_float(type) || is_small_integer(type) || type.kind == TypeKind::kInt8 ||
         type.kind == TypeKind::kNumeric;
}

// Postgres has min() and max() of the type.
bool has_extremes(const Type& type) {
  switch (type.kind) {
    case TypeKind::kBool:
    case TypeKind::kUuid:
    case TypeKind::kJson:
    case TypeKind::kJsonb:
    case TypeKind::kBytea:
    case TypeKind::kOther:
      return false;
    default:
      return type.base != "name" && has_sort_key(type);
  }
}

// SQLite's own min() and max() give Postgres' result.
bool has_plain_extremes(const Type& type) {
  switch (type.kind) {
    case TypeKind::kInt2:
    case TypeKind::kInt4:
    case TypeKind::kInt8:
    case TypeKind::kFloat4:
    case TypeKind::kFloat8:
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
    case TypeKind::kTime:
      return true;
    default:
      return type.base == "text" || type.base == "character varying";
  }
}

const Type& sum_type(const Type& type, Aggregate aggregate) {
  if (aggregate == Aggregate::kSum && is_float(type)) return type;
  if (aggregate == Aggregate::kSum && is_small_integer(type)) return bigint_type();
  return is_float(type) ? double_type() : numeric_type();
}

// A path is written with other parameters in ORDER BY than in GROUP BY: to Postgres another one.
bool is_grouped(const Place& place, const Field& wanted) {
  if (!wanted.path.empty()) return false;
  return std::any_of(place.fields.begin(), place.fields.end(), [&](const SelectField* field) {
    if (field->aggregate) return false;
    if (field->field.name == "*") return wanted.path.empty();
    // With an alias it is the cast that the rows are grouped by.
    const bool as_is = field->cast.empty() || field->alias.empty();
    return as_is && field->field.name == wanted.name && field->field.path.empty();
  });
}

// The spread's field that is shown under this name.
const SelectField* shown_field(const Place& spread, const Field& wanted) {
  for (const SelectField* field : spread.fields) {
    const bool plain = !field->aggregate && field->cast.empty() && field->field.path.empty();
    const std::string& name = field->alias.empty() ? field->field.name : field->alias;
    if (plain && name == wanted.name) return field;
  }
  return nullptr;
}

}  // namespace

const Place& scope_of(const Place& place) {
  const Place* scope = &place;
  while (scope->spread && !scope->to_many()) scope = scope->parent;
  return *scope;
}

const char* aggregate_name(Aggregate aggregate) {
  switch (aggregate) {
    case Aggregate::kSum:
      return "sum";
    case Aggregate::kAvg:
      return "avg";
    case Aggregate::kMax:
      return "max";
    case Aggregate::kMin:
      return "min";
    case Aggregate::kCount:
      return "count";
  }
  return "count";
}

Result<Operand> aggregate_operand(Operand operand, Aggregate aggregate, Parameters& parameters) {
  const Type& type = *operand.type;
  const std::string name = aggregate_name(aggregate);
  operand.plain_column = false;
  operand.nullable = true;
  if (aggregate == Aggregate::kCount) {
    operand.sql = "count(" + operand.sql + ")";
    operand.type = &bigint_type();
    return operand;
  }
  const bool adds = aggregate == Aggregate::kSum || aggregate == Aggregate::kAvg;
  if (adds ? !adds_up(type) : !has_extremes(type)) return forward(name + " of " + type.name);
  if (!adds && has_plain_extremes(type)) {
    operand.sql = name + "(" + operand.sql + ")";
    return operand;
  }
  operand.sql = "hf_" + name + "(" + parameters.types({&type}) + "," + operand.sql + ")";
  if (adds) operand.type = &sum_type(type, aggregate);
  return operand;
}

Operand count_of_rows(const Place& place) {
  Operand operand;
  operand.sql = "count(" + place.alias + ".rowid)";
  operand.type = &bigint_type();
  return operand;
}

bool groups_exactly(const Type& type) {
  switch (type.kind) {
    case TypeKind::kNumeric:
      return type.precision >= 0;
    case TypeKind::kInterval:
    case TypeKind::kJson:
    case TypeKind::kJsonb:
      return false;
    case TypeKind::kText:
      return type.base != "bpchar";
    case TypeKind::kArray:
      return groups_exactly(*type.element);
    case TypeKind::kOther:
      return range_bound(type) != nullptr && groups_exactly(*range_bound(type));
    default:
      return true;
  }
}

Result<Operand> grouped_order_operand(const Place& place, const ResolvedOrder& order,
                                      Parameters& parameters) {
  const Field& wanted = order.term->field;
  if (order.embed != nullptr) {
    const SelectField* shown =
        order.embed->spread && wanted.path.empty() ? shown_field(*order.embed, wanted) : nullptr;
    if (shown == nullptr) return forward("order by what is not grouped");
    return operand_of(*order.embed, shown->field, parameters);
  }
  if (!is_grouped(place, wanted) && place.table->find_column(wanted.name) != nullptr) {
    return forward("order by what is not grouped");
  }
  return operand_of(place, wanted, parameters);
}

}  // namespace holdfast::cache::query
