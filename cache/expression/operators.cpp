#include "cache/expression/operators.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>

#include "cache/expression/text_vectors.h"
#include "cache/values/cast.h"
#include "cache/values/codec.h"
#include "cache/values/decimal.h"
#include "cache/values/json.h"
#include "cache/values/numeric.h"
#include "cache/values/stored_number.h"
#include "cache/values/text.h"

namespace holdfast::cache::expression {
namespace {

using Arguments = std::span<const Typed>;

const Type& type_named(const char* name) {
  static const std::map<std::string_view, Type> by_name = [] {
    std::map<std::string_view, Type> types;
    for (const char* each : {"boolean", "integer", "numeric", "text", "jsonb"}) {
      types.emplace(each, make_type(each));
    }
    return types;
  }();
  return by_name.at(name);
}

bool is_integer(const Type& type) { return cache::is_integer(type.kind) && type.base != "oid"; }
bool is_text(const Type& type) {
  return type.kind == TypeKind::kText && (type.base == "text" || type.base == "character varying");
}
bool is_numeric(const Type& type) { return type.kind == TypeKind::kNumeric; }
bool is_double(const Type& type) { return type.kind == TypeKind::kFloat8; }

std::int64_t integer(const Typed& typed) { return std::get<std::int64_t>(typed.value); }
const std::string& text(const Typed& typed) { return std::get<std::string>(typed.value); }
bool has_null(Arguments arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const Typed& argument) { return is_null(argument.value); });
}

Typed of_text(std::string value) { return {type_named("text"), std::move(value)}; }

std::optional<Typed> of_digits(std::optional<std::string> digits) {
  if (!digits) return std::nullopt;
  return Typed{type_named("numeric"), *std::move(digits)};
}

// nullopt: not in the type's range.
std::optional<Typed> of_integer(const Type& type, std::int64_t value) {
  if (!parse_text(type, std::to_string(value))) return std::nullopt;
  return Typed{type, value};
}

// nullopt: these two are not compared here.
std::optional<int> compare(const Typed& left, const Typed& right) {
  const auto order = [](const auto& a, const auto& b) { return a < b ? -1 : b < a ? 1 : 0; };
  if (is_integer(left.type) && is_integer(right.type)) return order(integer(left), integer(right));
  if (left.type.kind != right.type.kind) return std::nullopt;
  if (is_numeric(left.type)) return compare_numeric(text(left), text(right));
  if (is_moment(left.type.kind) || left.type.kind == TypeKind::kBool) {
    return order(integer(left), integer(right));
  }
  if (is_double(left.type)) {
    const auto* a = std::get_if<double>(&left.value);
    const auto* b = std::get_if<double>(&right.value);
    if (a == nullptr || b == nullptr) return std::nullopt;
    return order(*a, *b);
  }
  if (left.type.kind == TypeKind::kUuid) return order(text(left), text(right));
  return std::nullopt;
}

// Of types whose order is not known here.
std::optional<bool> are_equal(const Typed& left, const Typed& right) {
  const bool texts = is_text(left.type) && is_text(right.type);
  const bool enums = left.type.kind == TypeKind::kEnum && left.type.name == right.type.name;
  if (texts || enums) return text(left) == text(right);
  return std::nullopt;
}

std::optional<Typed> apply_comparison(std::string_view name, const Typed& left,
                                      const Typed& right) {
  if (is_null(left.value) || is_null(right.value)) return Typed{type_named("boolean"), Null{}};
  if (const auto order = compare(left, right)) {
    if (name == "=") return boolean(*order == 0);
    if (name == "<>") return boolean(*order != 0);
    if (name == "<") return boolean(*order < 0);
    if (name == "<=") return boolean(*order <= 0);
    if (name == ">") return boolean(*order > 0);
    return boolean(*order >= 0);
  }
  const auto equal = are_equal(left, right);
  if (!equal || (name != "=" && name != "<>")) return std::nullopt;
  return boolean(*equal == (name == "="));
}

std::optional<Typed> apply_to_integers(char name, const Typed& left, const Typed& right) {
  const Type& type = left.type.kind < right.type.kind ? right.type : left.type;
  const std::int64_t a = integer(left);
  const std::int64_t b = integer(right);
  std::int64_t result = 0;
  bool overflow = false;
  switch (name) {
    case '+':
      overflow = __builtin_add_overflow(a, b, &result);
      break;
    case '-':
      overflow = __builtin_sub_overflow(a, b, &result);
      break;
    case '*':
      overflow = __builtin_mul_overflow(a, b, &result);
      break;
    default:
      if (b == 0 || (a == std::numeric_limits<std::int64_t>::min() && b == -1)) return std::nullopt;
      result = name == '/' ? a / b : a % b;
  }
  if (overflow) return std::nullopt;
  return of_integer(type, result);
}

std::optional<Typed> apply_to_numerics(char name, const Typed& left, const Typed& right) {
  const std::string& a = text(left);
  const std::string& b = text(right);
  if (!is_finite_decimal(a) || !is_finite_decimal(b)) return std::nullopt;
  switch (name) {
    case '+':
      return of_digits(add_decimals(a, b));
    case '-':
      return of_digits(subtract_decimals(a, b));
    case '*':
      return of_digits(multiply_decimals(a, b));
    case '/':
      return of_digits(divide_decimals(a, b));
    default:
      return std::nullopt;
  }
}

std::optional<Typed> apply_to_doubles(char name, const Typed& left, const Typed& right) {
  const auto* a = std::get_if<double>(&left.value);
  const auto* b = std::get_if<double>(&right.value);
  if (a == nullptr || b == nullptr || name == '%' || (name == '/' && *b == 0)) return std::nullopt;
  const double result = name == '+'   ? *a + *b
                        : name == '-' ? *a - *b
                        : name == '*' ? *a * *b
                                      : *a / *b;
  // Postgres refuses what has become too large or too small.
  if (!std::isnormal(result) && !(result == 0 && (*a == 0 || *b == 0 || *a == *b || *a == -*b))) {
    return std::nullopt;
  }
  return Typed{left.type, result};
}

std::optional<Typed> apply_arithmetic(char name, const Typed& left, const Typed& right) {
  const bool integers = is_integer(left.type) && is_integer(right.type);
  if (!integers && left.type.kind != right.type.kind) return std::nullopt;
  if (!integers && !is_numeric(left.type) && !is_double(left.type)) return std::nullopt;
  if (is_null(left.value) || is_null(right.value)) {
    const bool wider = integers && left.type.kind < right.type.kind;
    return Typed{wider ? right.type : left.type, Null{}};
  }
  if (integers) return apply_to_integers(name, left, right);
  return is_numeric(left.type) ? apply_to_numerics(name, left, right)
                               : apply_to_doubles(name, left, right);
}

std::optional<Typed> concatenate(const Typed& left, const Typed& right) {
  if (left.type.base == "tsvector" && right.type.base == "tsvector") {
    if (is_null(left.value) || is_null(right.value)) return Typed{left.type, Null{}};
    return joined_vectors(left, right);
  }
  if (!is_text(left.type) || !is_text(right.type)) return std::nullopt;
  if (is_null(left.value) || is_null(right.value)) return Typed{type_named("text"), Null{}};
  return of_text(text(left) + text(right));
}

// data -> 'key'::text and data ->> 'key'::text of a jsonb object.
std::optional<Typed> member_of(const Typed& json, const Typed& key, bool as_text) {
  if (json.type.kind != TypeKind::kJsonb || !is_text(key.type)) return std::nullopt;
  const Typed none{type_named(as_text ? "text" : "jsonb"), Null{}};
  if (is_null(json.value) || is_null(key.value) || !text(json).starts_with('{')) return none;
  const auto body = parse_body(text(json));
  if (!body || body->rows.empty()) return std::nullopt;
  const RawObject& members = body->rows[0];
  const auto found = std::find_if(members.begin(), members.end(),
                                  [&](const auto& member) { return member.first == text(key); });
  if (found == members.end()) return none;
  const std::string& token = found->second;
  if (!as_text) return Typed{none.type, token};
  if (token == "null") return none;
  return of_text(token.starts_with('"') ? decode_json_string(token) : token);
}

// --- functions -----------------------------------------------------------------------------------

using Function = std::optional<Typed> (*)(Arguments);

// Letters beyond ASCII are their locale's.
template <char kFirst, int kDistance>
std::optional<Typed> shift_letters(Arguments arguments) {
  if (arguments.size() != 1 || !is_text(arguments[0].type)) return std::nullopt;
  std::string shifted = text(arguments[0]);
  for (char& c : shifted) {
    if (static_cast<unsigned char>(c) >= 0x80) return std::nullopt;
    if (c >= kFirst && c <= kFirst + ('z' - 'a')) c = static_cast<char>(c + kDistance);
  }
  return of_text(std::move(shifted));
}

std::optional<Typed> character_length(Arguments arguments) {
  if (arguments.size() != 1 || !is_text(arguments[0].type)) return std::nullopt;
  return of_integer(type_named("integer"),
                    static_cast<std::int64_t>(count_characters(text(arguments[0]))));
}

std::optional<Typed> octet_length(Arguments arguments) {
  if (arguments.size() != 1 || !is_text(arguments[0].type)) return std::nullopt;
  return of_integer(type_named("integer"), static_cast<std::int64_t>(text(arguments[0]).size()));
}

template <bool kStart, bool kEnd>
std::optional<Typed> trim_blanks(Arguments arguments) {
  if (arguments.size() != 1 || !is_text(arguments[0].type)) return std::nullopt;
  std::string_view rest = text(arguments[0]);
  if (kStart) rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  if (kEnd) rest = rest.substr(0, rest.find_last_not_of(' ') + 1);
  return of_text(std::string(rest));
}

std::optional<Typed> absolute(Arguments arguments) {
  if (arguments.size() != 1) return std::nullopt;
  const Typed& argument = arguments[0];
  if (is_integer(argument.type) && integer(argument) < 0) return negative_of(argument);
  if (is_numeric(argument.type) && text(argument).starts_with('-')) return negative_of(argument);
  if (!is_integer(argument.type) && !is_numeric(argument.type)) return std::nullopt;
  return argument;
}

std::optional<Typed> round_numeric(Arguments arguments) {
  if (arguments.empty() || arguments.size() > 2 || !is_numeric(arguments[0].type)) {
    return std::nullopt;
  }
  if (arguments.size() == 2 && !is_integer(arguments[1].type)) return std::nullopt;
  if (!is_finite_decimal(text(arguments[0]))) return std::nullopt;
  return of_digits(
      round_decimal(text(arguments[0]), arguments.size() == 2 ? integer(arguments[1]) : 0));
}

// kStep: 1 for ceil(), -1 for floor().
template <int kStep>
std::optional<Typed> to_whole(Arguments arguments) {
  if (arguments.size() != 1) return std::nullopt;
  auto rounded = round_numeric(arguments);
  if (!rounded) return std::nullopt;
  const int order = compare_numeric(text(*rounded), text(arguments[0]));
  if (order * kStep >= 0) return rounded;
  return of_digits(add_decimals(text(*rounded), kStep > 0 ? "1" : "-1"));
}

// Functions that give NULL for a NULL.
const std::map<std::string_view, Function>& strict_functions() {
  static const std::map<std::string_view, Function> by_name = {
      {"lower", shift_letters<'A', 'a' - 'A'>},
      {"upper", shift_letters<'a', 'A' - 'a'>},
      {"length", character_length},
      {"char_length", character_length},
      {"character_length", character_length},
      {"octet_length", octet_length},
      {"btrim", trim_blanks<true, true>},
      {"ltrim", trim_blanks<true, false>},
      {"rtrim", trim_blanks<false, true>},
      {"abs", absolute},
      {"round", round_numeric},
      {"ceil", to_whole<1>},
      {"ceiling", to_whole<1>},
      {"floor", to_whole<-1>},
      {"to_tsvector", vector_of_text},
      {"setweight", weighted_vector},
  };
  return by_name;
}

std::optional<Typed> null_if(Arguments arguments) {
  if (arguments.size() != 2) return std::nullopt;
  const auto equal = apply_comparison("=", arguments[0], arguments[1]);
  if (!equal) return std::nullopt;
  if (equal->value == Value(std::int64_t{1})) return Typed{arguments[0].type, Null{}};
  return arguments[0];
}

// NULLs do not count. kSign: 1 for greatest(), -1 for least().
template <int kSign>
std::optional<Typed> extreme(Arguments arguments) {
  std::optional<Typed> best;
  for (const Typed& argument : arguments) {
    if (best && is_null(argument.value)) continue;
    if (!best || is_null(best->value)) {
      best = argument;
      continue;
    }
    const auto order = compare(argument, *best);
    if (!order) return std::nullopt;
    if (*order * kSign > 0) best = argument;
  }
  return best;
}

}  // namespace

Typed boolean(bool value) { return {type_named("boolean"), std::int64_t{value ? 1 : 0}}; }

std::optional<Typed> apply_operator(std::string_view name, const Typed& left, const Typed& right) {
  if (name == "||") return concatenate(left, right);
  if (name == "->" || name == "->>") return member_of(left, right, name == "->>");
  if (name.size() == 1 && std::string_view("+-*/%").find(name) != std::string_view::npos) {
    return apply_arithmetic(name.front(), left, right);
  }
  for (const std::string_view comparison : {"=", "<>", "<", "<=", ">", ">="}) {
    if (name == comparison) return apply_comparison(name, left, right);
  }
  return std::nullopt;
}

std::optional<Typed> negative_of(const Typed& operand) {
  if (is_null(operand.value)) return operand;
  if (is_integer(operand.type)) {
    return apply_to_integers('-', {operand.type, std::int64_t{0}}, operand);
  }
  if (!is_numeric(operand.type) || !is_finite_decimal(text(operand))) return std::nullopt;
  return of_digits(subtract_decimals("0", text(operand)));
}

std::optional<Typed> call_function(std::string_view name, Arguments arguments) {
  if (name == "nullif") return null_if(arguments);
  if (name == "greatest") return extreme<1>(arguments);
  if (name == "least") return extreme<-1>(arguments);
  const auto function = strict_functions().find(name);
  if (function == strict_functions().end()) return std::nullopt;
  if (!has_null(arguments)) return function->second(arguments);
  if (name == "to_tsvector") return Typed{make_type("tsvector"), Null{}};
  // Of what type the NULL is matters to what it is compared with only.
  return Typed{arguments[0].type, Null{}};
}

std::optional<Typed> cast_to(const Type& type, const Typed& operand) {
  // How days and moments are printed is a setting of the upstream's session.
  const bool by_setting = is_moment(operand.type.kind) != is_moment(type.kind) ||
                          operand.type.kind == TypeKind::kTimestamptz ||
                          operand.type.kind == TypeKind::kInterval;
  if (by_setting && operand.type.name != type.name) return std::nullopt;
  if (is_null(operand.value)) return Typed{type, Null{}};
  if (operand.type.name == type.name) return operand;
  if (!casts_exactly(operand.type, type)) return std::nullopt;
  auto value = cast_value(operand.type, type, view(operand.value));
  if (!value) return std::nullopt;
  return Typed{type, *std::move(value)};
}

std::optional<Typed> assign_to(const Type& type, const Typed& operand) {
  if (type.kind != TypeKind::kText || !is_text(operand.type) || is_null(operand.value)) {
    return cast_to(type, operand);
  }
  auto value = parse_text(type, text(operand));
  if (!value) return std::nullopt;
  return Typed{type, *std::move(value)};
}

}  // namespace holdfast::cache::expression
