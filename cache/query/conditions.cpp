#include "cache/query/conditions.h"

#include <algorithm>

#include "cache/query/literals.h"
#include "cache/query/operators.h"
#include "cache/query/regular_expression.h"
#include "cache/query/text_search.h"
#include "cache/values/array_literal.h"
#include "cache/values/codec.h"
#include "cache/values/letter_case.h"
#include "cache/values/sort_key.h"
#include "cache/values/text_order.h"

namespace holdfast::cache::query {
namespace {

bool is_range(Operator op) {
  return op == Operator::kGt || op == Operator::kGte || op == Operator::kLt || op == Operator::kLte;
}

// Lists whose values are bound one by one are no longer than this.
constexpr std::size_t kMaxBoundList = 1000;

bool is_pattern(Operator op) {
  return op == Operator::kLike || op == Operator::kIlike || op == Operator::kMatch ||
         op == Operator::kImatch;
}

// Of arrays there is no array.
Error no_list_of(const Type& array) {
  return invalid_request("42704", "could not find array type for data type " + array.base);
}

// PostgreSQL looks for the operator before it looks at the values, be there any or none.
Result<void> check_quantified(const Operand& operand, Operator op) {
  const Type& type = *operand.type;
  const TypeKind kind = type.kind;
  if (kind == TypeKind::kArray && !is_pattern(op)) return no_list_of(type);
  const bool unsure = is_pattern(op) && kind == TypeKind::kBytea;
  if (kind == TypeKind::kOther || unsure) return forward("comparisons of " + type.name);
  const bool has_operator = is_pattern(op) ? kind == TypeKind::kText : kind != TypeKind::kJson;
  if (!has_operator) return no_operator(spoken_type(operand), op);
  return {};
}

Error no_order(const Operand& operand) {
  return invalid_request("42883",
                         "could not identify an ordering operator for type " + spoken_type(operand),
                         std::nullopt, "Use an explicit ordering operator or modify the query.");
}

}  // namespace

Result<std::string> ConditionWriter::write(const Place& place, const Condition& condition) {
  if (condition.kind == Condition::Kind::kFilter) return write_filter(place, condition.filter);
  return write_logic(place, condition);
}

Result<std::string> ConditionWriter::write_logic(const Place& place, const Condition& condition) {
  std::vector<std::string> terms;
  for (const auto& operand : condition.operands) {
    HF_TRY(auto term, write(place, operand));
    terms.push_back(std::move(term));
  }
  const bool all = condition.kind == Condition::Kind::kAnd;
  std::string sql = balanced(terms, all ? " AND " : " OR ");
  return condition.negated ? "NOT (" + sql + ")" : sql;
}

Result<std::string> ConditionWriter::write_filter(const Place& place, const Filter& filter) {
  // Other operators speak of a column of that name.
  const bool null_test =
      filter.op == Operator::kIs && filter.is == IsValue::kNull && filter.field.path.empty();
  const Place* embed = null_test ? place.find_embed(filter.field.name) : nullptr;
  if (embed != nullptr) return write_null_embed(*embed, filter);
  if (filter.op != Operator::kIs && is_enum_domain(place.table->find_column(filter.field.name))) {
    return forward("operators of a domain over an enum");
  }
  HF_TRY(const auto operand, operand_of(place, filter.field, parameters_));
  HF_TRY(auto sql, write_operator(operand, filter));
  return filter.negated ? "NOT (" + sql + ")" : "(" + sql + ")";
}

// Postgres makes the rows of an embed before it asks whether there are any, and a cast of theirs
// may fail.
static bool casts_to_more_than_text(const Place& embed) {
  const auto casts = [](const SelectField* field) {
    return !field->cast.empty() && field->cast != "text";
  };
  return std::ranges::any_of(embed.fields, casts) ||
         std::ranges::any_of(embed.embeds,
                             [](const auto& inner) { return casts_to_more_than_text(*inner); });
}

Result<std::string> ConditionWriter::write_null_embed(const Place& embed, const Filter& filter) {
  if (!filter.negated && casts_to_more_than_text(embed)) {
    return forward("casts in an embed that is asked not to be there");
  }
  HF_TRY(auto sql, exists_(embed));
  return filter.negated ? sql : "NOT (" + sql + ")";
}

Result<std::string> ConditionWriter::write_operator(const Operand& operand, const Filter& filter) {
  if (filter.quantifier != Quantifier::kNone) return write_quantified(operand, filter);
  switch (filter.op) {
    case Operator::kIn:
      return write_in(operand, filter.values);
    case Operator::kIs:
      return write_is(operand, filter.is);
    case Operator::kCs:
    case Operator::kCd:
    case Operator::kOv:
    case Operator::kSl:
    case Operator::kSr:
    case Operator::kNxr:
    case Operator::kNxl:
    case Operator::kAdj:
      return write_set(operand, filter.op, filter.value);
    case Operator::kFts:
    case Operator::kPlfts:
    case Operator::kPhfts:
    case Operator::kWfts:
      return text_search(operand, filter, options_, parameters_);
    default:
      return write_single(operand, filter.op, filter.value);
  }
}

// Whether its JSON may be that of a composite value. hstore's is an object too.
static bool may_be_composite(const Type& type) {
  return type.kind == TypeKind::kOther && !has_sort_key(type) && type.base != "hstore" &&
         !type.base.ends_with(".hstore");
}

// A composite is null when all of its fields are, and not null when none is.
static std::string opaque_null_test(const std::string& sql, IsValue value) {
  const std::string fields = "(substr(" + sql + ",1,2)=char(1)||'{' AND ";
  const std::string some = "EXISTS(SELECT 1 FROM json_each(substr(" + sql + ",2)) WHERE type";
  if (value == IsValue::kNull) {
    return "(" + sql + " IS NULL OR " + fields + "NOT " + some + "<>'null')))";
  }
  return "(" + sql + " IS NOT NULL AND NOT " + fields + some + "='null')))";
}

Result<std::string> ConditionWriter::write_is(const Operand& operand, IsValue value) const {
  const bool null_test = value == IsValue::kNull || value == IsValue::kNotNull;
  if (null_test && may_be_composite(*operand.type)) {
    return opaque_null_test(operand.sql, value);
  }
  if (value == IsValue::kNull) return operand.sql + " IS NULL";
  if (value == IsValue::kNotNull) return operand.sql + " IS NOT NULL";
  if (operand.type->kind != TypeKind::kBool) {
    const char* word = value == IsValue::kTrue    ? "TRUE"
                       : value == IsValue::kFalse ? "FALSE"
                                                  : "UNKNOWN";
    return invalid_request("42804", std::string("argument of IS ") + word +
                                        " must be type boolean, not type " + spoken_type(operand));
  }
  if (value == IsValue::kUnknown) return operand.sql + " IS NULL";
  return operand.sql + (value == IsValue::kTrue ? " IS 1" : " IS 0");
}

Result<std::string> ConditionWriter::write_single(const Operand& operand, Operator op,
                                                  const std::string& value) {
  if (value.find('\0') != std::string::npos) return forward("a NUL character");
  switch (op) {
    case Operator::kLike:
    case Operator::kIlike:
      return write_pattern(operand, op, value);
    case Operator::kMatch:
    case Operator::kImatch:
      return write_regular_expression(operand, op, value);
    default:
      return write_comparison(operand, op, value);
  }
}

Result<void> ConditionWriter::check_sorting(const Operand& operand) const {
  if (operand.type->kind == TypeKind::kJson) return no_order(operand);
  return check_order(operand);
}

Result<void> ConditionWriter::check_order(const Operand& operand) const {
  const Type& type = *operand.type;
  if (!has_sort_key(type)) return forward("order of " + type.name);
  const Type& element = type.kind == TypeKind::kArray ? *type.element : type;
  const bool text = element.kind == TypeKind::kText && element.base != "name";
  if (!text || operand.byte_order) return {};
  HF_TRY_VOID(check_equality(operand));
  if (options_.text_order == TextOrder::kClose) return {};
  const bool plain = type.kind == TypeKind::kText && type.base != "character";
  if (!plain || operand.collation == nullptr || !orders_text_exactly(*operand.collation)) {
    return forward("text order");
  }
  return {};
}

Result<void> ConditionWriter::check_equality(const Operand& operand) const {
  if (operand.collation != nullptr && is_nondeterministic(*operand.collation)) {
    return forward("a nondeterministic collation");
  }
  return {};
}

std::string ConditionWriter::order_key(const Operand& operand) {
  const Type& type = *operand.type;
  if (operand.collation != nullptr && type.kind == TypeKind::kText && type.base != "character") {
    return operand.sql + " COLLATE " + quote_identifier(text_collation(*operand.collation));
  }
  if (orders_exactly(type)) return collated(operand.sql, type);
  // Strings inside a value may not be in byte order: whether they matter shows in each value.
  const bool by_bytes = operand.byte_order || options_.text_order == TextOrder::kClose;
  const char* function = by_bytes ? "hf_key(" : "hf_key_without_strings(";
  return function + parameters_.types({&type}) + "," + operand.sql + ")";
}

std::string ConditionWriter::equality_key(const Operand& operand) {
  if (compares_exactly(*operand.type)) return collated(operand.sql, *operand.type);
  return "hf_key(" + parameters_.types({operand.type}) + "," + operand.sql + ")";
}

Result<std::string> ConditionWriter::write_comparison(const Operand& operand, Operator op,
                                                      const std::string& value) {
  const Type& type = *operand.type;
  if (type.kind == TypeKind::kJson) return no_operator(spoken_type(operand), op);
  if (!has_sort_key(type)) return forward("comparison of " + type.name);
  if (!is_range(op)) {
    HF_TRY(Value parsed,
           parameters_.defer_refusal(literal_value(LiteralUse::kEquality, type, value)));
    HF_TRY_VOID(check_equality(operand));
    const std::string left = equality_key(operand);
    return left + sql_operator(op) +
           parameters_.literal(&value, LiteralUse::kEquality, type, std::move(parsed));
  }
  HF_TRY(Value parsed, parameters_.defer_refusal(literal_value(LiteralUse::kOperand, type, value)));
  HF_TRY_VOID(check_order(operand));
  Operand right = operand;
  right.sql = parameters_.literal(&value, LiteralUse::kOperand, type, std::move(parsed));
  return order_key(operand) + sql_operator(op) +
         (orders_exactly(type) ? right.sql : order_key(right));
}

Result<std::string> ConditionWriter::write_in(const Operand& operand,
                                              const std::vector<std::string>& values) {
  const Type& type = *operand.type;
  if (type.kind == TypeKind::kJson) return no_operator(spoken_type(operand), Operator::kEq);
  if (type.kind == TypeKind::kArray) return no_list_of(type);
  if (!has_sort_key(type)) return forward("a list of " + type.name);
  // An empty list reaches the grammar as one empty element, and matches nothing.
  if (values.size() == 1 && values[0].empty()) return std::string("0");
  std::vector<std::optional<std::string>> list(values.begin(), values.end());
  return write_list(operand, list,
                    values.size() == 1 ? static_cast<const void*>(values.data()) : &values);
}

Result<std::string> ConditionWriter::write_list(
    const Operand& operand, const std::vector<std::optional<std::string>>& texts,
    const void* literal) {
  const Type& type = *operand.type;
  HF_TRY_VOID(check_equality(operand));
  std::vector<Value> values;
  for (const auto& text : texts) {
    if (!text) {
      values.emplace_back(Null{});
      continue;
    }
    HF_TRY(Value one, parameters_.defer_refusal(literal_value(LiteralUse::kEquality, type, *text)));
    values.push_back(std::move(one));
  }
  const std::string left = equality_key(operand);
  if (values.size() == 1) {
    return left + " = " +
           parameters_.literal(literal, LiteralUse::kEquality, type, std::move(values[0]));
  }
  if (!is_float(type) && compares_exactly(type)) {
    return "(" + left + ") IN (SELECT value FROM json_each(" +
           parameters_.literal(literal, LiteralUse::kList, type, json_list(values)) + "))";
  }
  if (values.size() > kMaxBoundList) return forward("a list of more than a thousand values");
  std::string list;
  for (auto& value : values) {
    list += (list.empty() ? "" : ",") + parameters_.value(std::move(value));
  }
  return "(" + left + ") IN (" + list + ")";
}

Result<std::string> ConditionWriter::write_quantified(const Operand& operand,
                                                      const Filter& filter) {
  HF_TRY_VOID(check_quantified(operand, filter.op));
  auto read = parse_array_literal(filter.value);
  if (!read) {
    HF_TRY(Value refused, parameters_.defer_refusal(std::move(read).error()));
    return parameters_.value(std::move(refused));
  }
  const ArrayLiteral array = *std::move(read);
  const bool any = filter.quantifier == Quantifier::kAny;
  if (array.elements.empty()) return std::string(any ? "0" : "1");
  if (any && filter.op == Operator::kEq) {
    return write_list(operand, array.elements, nullptr);
  }
  std::vector<std::string> terms;
  for (const auto& element : array.elements) {
    if (!element) {
      terms.emplace_back("NULL");
      continue;
    }
    HF_TRY(auto term, write_single(operand, filter.op, *element));
    terms.push_back("(" + term + ")");
  }
  return balanced(terms, any ? " OR " : " AND ");
}

Result<std::string> ConditionWriter::write_pattern(const Operand& operand, Operator op,
                                                   const std::string& value) {
  const Type& type = *operand.type;
  if (type.kind == TypeKind::kOther || type.kind == TypeKind::kBytea || type.base == "character") {
    return forward("patterns on " + type.name);
  }
  if (type.kind != TypeKind::kText) return no_operator(spoken_type(operand), op);
  HF_TRY_VOID(check_equality(operand));
  HF_TRY(Value pattern,
         parameters_.defer_refusal(literal_value(LiteralUse::kPattern, type, value)));
  const std::string right =
      parameters_.literal(&value, LiteralUse::kPattern, type, std::move(pattern));
  if (op == Operator::kLike) return "hf_like(" + operand.sql + "," + right + ")";
  return "hf_ilike(" + operand.sql + "," + right + "," + parameters_.value(operand.letters) + ")";
}

Result<std::string> ConditionWriter::write_regular_expression(const Operand& operand, Operator op,
                                                              const std::string& value) {
  const Type& type = *operand.type;
  if (type.kind == TypeKind::kOther || type.kind == TypeKind::kBytea || type.base == "character") {
    return forward("regular expressions on " + type.name);
  }
  if (type.kind != TypeKind::kText) return no_operator(spoken_type(operand), op);
  HF_TRY_VOID(check_equality(operand));
  auto pattern = op == Operator::kMatch ? plain_pattern(value) : std::nullopt;
  if (!pattern) return write_expression(operand, op, value);
  return "hf_like(" + operand.sql + "," + parameters_.value(*std::move(pattern)) + ")";
}

Result<std::string> ConditionWriter::write_expression(const Operand& operand, Operator op,
                                                      const std::string& value) {
  const bool ascii = is_ascii_cased(operand.letters);
  const Case ignored = ascii ? Case::kIgnoredInAscii : Case::kIgnored;
  auto expression =
      RegularExpression::parse(value, op == Operator::kImatch ? ignored : Case::kExact);
  if (!expression) return forward("a regular expression that is not read here");
  auto shape = std::make_unique<RowShape>();
  shape->expression = std::make_shared<const RegularExpression>(*std::move(expression));
  return "hf_match(" + parameters_.shape(std::move(shape)) + "," + operand.sql + ")";
}

Result<std::string> ConditionWriter::write_set(const Operand& operand, Operator op,
                                               const std::string& value) {
  const Type& type = *operand.type;
  // Of json <@ PostgreSQL finds more than one candidate, and says so.
  if (type.kind == TypeKind::kJson && op == Operator::kCd) return forward("<@ of json");
  if (type.kind == TypeKind::kJson) return no_operator(spoken_type(operand), op);
  if (value.find('\0') != std::string::npos) return forward("a NUL character");
  const char* function = set_function(type, op);
  if (function == nullptr) return forward(std::string(postgres_operator(op)) + " of " + type.name);
  HF_TRY_VOID(check_equality(operand));
  HF_TRY(Value parsed, parameters_.defer_refusal(parse_operand(type, value)));
  std::string left = operand.sql;
  std::string right = parameters_.value(std::move(parsed));
  // "contained by" and "to the right of" are their opposites, turned round.
  if (op == Operator::kCd || op == Operator::kSr) std::swap(left, right);
  std::string types = type.kind == TypeKind::kJsonb ? "" : parameters_.types({&type}) + ",";
  return function + types + left + "," + right + ")";
}

}  // namespace holdfast::cache::query
