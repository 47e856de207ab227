#include "cache/query/conditions.h"

#include "cache/values/array_literal.h"
#include "cache/values/codec.h"

namespace holdfast::cache::query {
namespace {

const char* sql_operator(Operator op) {
  switch (op) {
    case Operator::kNeq:
      return " <> ";
    case Operator::kGt:
      return " > ";
    case Operator::kGte:
      return " >= ";
    case Operator::kLt:
      return " < ";
    case Operator::kLte:
      return " <= ";
    case Operator::kIsDistinct:
      return " IS NOT ";
    default:
      return " = ";
  }
}

const char* postgres_operator(Operator op) {
  switch (op) {
    case Operator::kNeq:
      return "<>";
    case Operator::kGt:
      return ">";
    case Operator::kGte:
      return ">=";
    case Operator::kLt:
      return "<";
    case Operator::kLte:
      return "<=";
    case Operator::kLike:
      return "~~";
    case Operator::kIlike:
      return "~~*";
    case Operator::kMatch:
      return "~";
    case Operator::kImatch:
      return "~*";
    default:
      return "=";
  }
}

Error no_operator(const Type& type, Operator op) {
  return invalid_request(
      "42883", "operator does not exist: " + type.base + " " + postgres_operator(op) + " unknown",
      std::nullopt,
      "No operator matches the given name and argument types. You might need to add explicit type "
      "casts.");
}

bool is_range(Operator op) {
  return op == Operator::kGt || op == Operator::kGte || op == Operator::kLt || op == Operator::kLte;
}

// A stored enum value as the position of its label.
Operand enum_position(const Operand& operand, Parameters& parameters) {
  Operand out = operand;
  out.sql = "hf_enum_position(" + parameters.types({operand.type}) + "," + operand.sql + ")";
  return out;
}

Operand comparable_jsonb(const Operand& operand) {
  Operand out = operand;
  out.sql = "hf_jsonb_key(" + operand.sql + ")";
  out.type = &text_type();
  return out;
}

bool is_float(const Type& type) {
  return type.kind == TypeKind::kFloat4 || type.kind == TypeKind::kFloat8;
}

// As many texts or integers as one JSON array; SQLite reads reals from JSON less exactly than they
// were written, so those are bound one by one.
std::string json_list(const std::vector<Value>& values) {
  std::string list = "[";
  for (const auto& value : values) {
    if (list.size() > 1) list += ',';
    if (const auto* number = std::get_if<std::int64_t>(&value)) {
      list += std::to_string(*number);
    } else if (const auto* text = std::get_if<std::string>(&value)) {
      append_json_string(*text, list);
    } else {
      list += "null";
    }
  }
  return list + ']';
}

// The plain text that a regular expression without operators stands for, as a LIKE pattern; only ^
// and $ at the ends are understood.
std::optional<std::string> plain_pattern(std::string_view expression) {
  const bool from_start = expression.starts_with('^');
  if (from_start) expression.remove_prefix(1);
  const bool to_end = expression.ends_with('$');
  if (to_end) expression.remove_suffix(1);
  std::string pattern = from_start ? "" : "%";
  for (const char c : expression) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == ' ' || c == '-' || c == ',' || c == '@' || c == '/' ||
                       static_cast<unsigned char>(c) >= 0x80;
    if (!plain && c != '_') return std::nullopt;
    if (c == '_') pattern += '\\';
    pattern += c;
  }
  return to_end ? pattern : pattern + '%';
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
  const Place* embed = filter.field.path.empty() ? place.find_embed(filter.field.name) : nullptr;
  if (embed != nullptr) {
    const bool null_test = filter.op == Operator::kIs &&
                           (filter.is == IsValue::kNull || filter.is == IsValue::kNotNull);
    if (null_test) return write_null_embed(*embed, filter);
    if (place.table->find_column(filter.field.name) == nullptr) {
      return invalid_request(
          "PGRST120", "Bad operator on the '" + filter.field.name + "' embedded resource",
          "Only is null or not is null filters are allowed on embedded resources");
    }
  }
  HF_TRY(const auto operand, operand_of(place, filter.field, parameters_));
  HF_TRY(auto sql, write_operator(operand, filter));
  return filter.negated ? "NOT (" + sql + ")" : "(" + sql + ")";
}

Result<std::string> ConditionWriter::write_null_embed(const Place& embed, const Filter& filter) {
  HF_TRY(auto sql, exists_(embed));
  const bool wants_rows = (filter.is == IsValue::kNotNull) != filter.negated;
  return wants_rows ? sql : "NOT (" + sql + ")";
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
      return write_set(operand, filter.op, filter.value);
    case Operator::kSl:
    case Operator::kSr:
    case Operator::kNxr:
    case Operator::kNxl:
    case Operator::kAdj:
      return forward("range operators");
    case Operator::kFts:
    case Operator::kPlfts:
    case Operator::kPhfts:
    case Operator::kWfts:
      return forward("full-text search");
    default:
      return write_single(operand, filter.op, filter.value);
  }
}

Result<std::string> ConditionWriter::write_is(const Operand& operand, IsValue value) const {
  if (value == IsValue::kNull) return operand.sql + " IS NULL";
  if (value == IsValue::kNotNull) return operand.sql + " IS NOT NULL";
  if (operand.type->kind != TypeKind::kBool) {
    const char* word = value == IsValue::kTrue    ? "TRUE"
                       : value == IsValue::kFalse ? "FALSE"
                                                  : "UNKNOWN";
    return invalid_request("42804", std::string("argument of IS ") + word +
                                        " must be type boolean, not type " + operand.type->name);
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

Result<void> ConditionWriter::check_order(const Operand& operand) const {
  const Type& type = *operand.type;
  if (type.kind == TypeKind::kEnum) return {};
  if (!orders_exactly(type)) return forward("order of " + type.name);
  const bool text = type.kind == TypeKind::kText && type.base != "name";
  if (text && !operand.byte_order && options_.text_order == TextOrder::kExact) {
    return forward("text order");
  }
  return {};
}

Result<std::string> ConditionWriter::write_comparison(const Operand& operand, Operator op,
                                                      const std::string& value) {
  const Type& type = *operand.type;
  if (type.kind == TypeKind::kJson) return no_operator(type, op);
  HF_TRY(Value parsed, parse_operand(type, value));
  if (is_range(op)) HF_TRY_VOID(check_order(operand));
  Operand left = operand;
  if (type.kind == TypeKind::kJsonb) {
    if (is_range(op)) return forward("order of jsonb");
    left = comparable_jsonb(operand);
    return left.sql + sql_operator(op) + "hf_jsonb_key(" + parameters_.value(std::move(parsed)) +
           ")";
  }
  if (!compares_exactly(type)) return forward("comparison of " + type.name);
  std::string right = parameters_.value(std::move(parsed));
  if (type.kind == TypeKind::kEnum && is_range(op)) {
    left = enum_position(operand, parameters_);
    right = "hf_enum_position(" + parameters_.types({&type}) + "," + right + ")";
  }
  return collated(left.sql, type) + sql_operator(op) + right;
}

Result<std::string> ConditionWriter::write_in(const Operand& operand,
                                              const std::vector<std::string>& values) {
  if (operand.type->kind == TypeKind::kJson) return no_operator(*operand.type, Operator::kEq);
  std::vector<Value> parsed;
  // An empty list reaches the grammar as one empty element, and matches nothing.
  if (values.size() == 1 && values[0].empty()) return std::string("0");
  for (const auto& value : values) {
    if (value.find('\0') != std::string::npos) return forward("a NUL character");
    HF_TRY(Value one, parse_operand(*operand.type, value));
    parsed.push_back(std::move(one));
  }
  return write_list(operand, std::move(parsed));
}

Result<std::string> ConditionWriter::write_list(const Operand& operand, std::vector<Value> values) {
  const Type& type = *operand.type;
  if (!compares_exactly(type)) return forward("comparison of " + type.name);
  if (values.size() == 1) {
    return collated(operand.sql, type) + " = " + parameters_.value(std::move(values[0]));
  }
  const std::string left = "(" + collated(operand.sql, type) + ") IN (";
  if (!is_float(type)) {
    return left + "SELECT value FROM json_each(" + parameters_.value(json_list(values)) + "))";
  }
  std::string list;
  for (auto& value : values) {
    list += (list.empty() ? "" : ",") + parameters_.value(std::move(value));
  }
  return left + list + ")";
}

Result<std::string> ConditionWriter::write_quantified(const Operand& operand,
                                                      const Filter& filter) {
  HF_TRY(const ArrayLiteral array, parse_array_literal(filter.value));
  const bool any = filter.quantifier == Quantifier::kAny;
  if (array.elements.empty()) return std::string(any ? "0" : "1");
  if (any && filter.op == Operator::kEq && operand.type->kind != TypeKind::kJsonb &&
      operand.type->kind != TypeKind::kJson) {
    std::vector<Value> values;
    for (const auto& element : array.elements) {
      if (!element) {
        values.emplace_back(Null{});
        continue;
      }
      HF_TRY(Value one, parse_operand(*operand.type, *element));
      values.push_back(std::move(one));
    }
    return write_list(operand, std::move(values));
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
  if (type.kind != TypeKind::kText) return no_operator(type, op);
  std::string pattern = value;
  for (char& c : pattern) {
    if (c == '*') c = '%';
  }
  return std::string(op == Operator::kLike ? "hf_like(" : "hf_ilike(") + operand.sql + "," +
         parameters_.value(std::move(pattern)) + ")";
}

Result<std::string> ConditionWriter::write_regular_expression(const Operand& operand, Operator op,
                                                              const std::string& value) {
  const Type& type = *operand.type;
  if (type.kind != TypeKind::kText || type.base == "character") {
    return forward("regular expressions on " + type.name);
  }
  auto pattern = plain_pattern(value);
  if (!pattern) return forward("regular expression");
  return std::string(op == Operator::kMatch ? "hf_like(" : "hf_ilike(") + operand.sql + "," +
         parameters_.value(*std::move(pattern)) + ")";
}

Result<std::string> ConditionWriter::write_set(const Operand& operand, Operator op,
                                               const std::string& value) {
  const Type& type = *operand.type;
  if (type.kind != TypeKind::kArray || !compares_exactly(*type.element)) {
    return forward("containment of " + type.name);
  }
  HF_TRY(Value parsed, parse_operand(type, value));
  const std::string right = parameters_.value(std::move(parsed));
  if (op == Operator::kOv) return "hf_array_overlaps(" + operand.sql + "," + right + ")";
  const bool contains = op == Operator::kCs;
  return "hf_array_contains(" + (contains ? operand.sql : right) + "," +
         (contains ? right : operand.sql) + ")";
}

}  // namespace holdfast::cache::query
