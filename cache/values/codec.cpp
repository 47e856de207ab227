#include "cache/values/codec.h"

#include <cmath>

#include "cache/values/array.h"
#include "cache/values/datetime.h"
#include "cache/values/float.h"
#include "cache/values/interval.h"
#include "cache/values/json_lexer.h"
#include "cache/values/jsonb.h"
#include "cache/values/numeric.h"
#include "cache/values/opaque.h"
#include "cache/values/scalar.h"
#include "cache/values/stored_number.h"
#include "cache/values/text.h"
#include "cache/values/time_zone.h"

namespace holdfast::cache {
namespace {

constexpr std::string_view kNan = "NaN";

enum class Modifier : std::uint8_t { kApplied, kIgnored };

template <typename T>
Result<Value> to_value(Result<T> result) {
  if (!result) return std::move(result).error();
  return Value(*std::move(result));
}

Result<Value> float_value(Result<double> number) {
  if (!number) return std::move(number).error();
  return std::isnan(*number) ? Value(std::string(kNan)) : Value(*number);
}

Result<double> widen(Result<float> number) {
  if (!number) return std::move(number).error();
  return static_cast<double>(*number);
}

Result<Value> parse_boolean(std::string_view text) {
  HF_TRY(const bool value, parse_bool(text));
  return Value(std::int64_t{value ? 1 : 0});
}

Result<Value> parse_string(const Type& type, std::string_view text, Modifier modifier) {
  HF_TRY(std::string characters, parse_characters(type, text));
  if (modifier == Modifier::kIgnored) return Value(std::move(characters));
  return to_value(fit_length(type, std::move(characters)));
}

Result<Value> parse_plain_json(std::string_view text) {
  HF_TRY_VOID(check_utf8(text));
  HF_TRY_VOID(check_json_value(text));
  return Value(std::string(text));
}

Result<Value> parse_jsonb(std::string_view text) {
  HF_TRY_VOID(check_utf8(text));
  return to_value(canonical_jsonb(text));
}

Result<Value> parse(const Type& type, std::string_view text, Modifier modifier) {
  const bool applied = modifier == Modifier::kApplied;
  const int precision = applied ? type.precision : -1;
  switch (type.kind) {
    case TypeKind::kInt2:
    case TypeKind::kInt4:
    case TypeKind::kInt8:
      return to_value(parse_integer(type, text));
    case TypeKind::kFloat4:
      return float_value(widen(parse_float4(text)));
    case TypeKind::kFloat8:
      return float_value(parse_float8(text));
    case TypeKind::kNumeric:
      return to_value(parse_numeric(text, {precision, type.scale}));
    case TypeKind::kBool:
      return parse_boolean(text);
    case TypeKind::kText:
      return parse_string(type, text, modifier);
    case TypeKind::kUuid:
      return to_value(parse_uuid(text));
    case TypeKind::kEnum:
      return to_value(parse_enum(type, text));
    case TypeKind::kDate:
      return to_value(parse_date(text));
    case TypeKind::kTimestamp:
      return to_value(parse_timestamp(text, precision));
    case TypeKind::kTimestamptz:
      return to_value(parse_timestamptz(text, precision, type.zone.get()));
    case TypeKind::kTime:
      return to_value(parse_time(text, precision));
    case TypeKind::kTimetz:
      return to_value(parse_timetz(text, precision));
    case TypeKind::kInterval:
      return to_value(parse_interval(text, precision));
    case TypeKind::kJson:
      return parse_plain_json(text);
    case TypeKind::kJsonb:
      return parse_jsonb(text);
    case TypeKind::kBytea:
      return to_value(parse_bytea(text));
    case TypeKind::kArray:
      return to_value(
          parse_array(type, text, applied ? ElementUse::kStored : ElementUse::kOperand));
    case TypeKind::kOther:
      return parse_opaque(type, text);
  }
  return parse_opaque(type, text);
}

enum class TextForm : std::uint8_t { kCast, kOutput };

struct TextPrinter {
  const Type& type;
  TextForm form;
  std::string& out;

  void operator()(Null) const {}

  void operator()(std::int64_t value) const {
    if (type.kind == TypeKind::kBool) return print_bool(value != 0);
    // SQLite keeps a REAL without a fraction as an integer, and an expression may give one.
    if (is_float(type.kind)) return print_real(type, static_cast<double>(value), out);
    char text[kLongestInteger];
    out.append(text, put_integer(type, value, DateForm::kText, text));
  }

  void print_bool(bool value) const {
    if (form == TextForm::kOutput) {
      out += value ? 't' : 'f';
    } else {
      out += value ? "true" : "false";
    }
  }

  void operator()(double value) const { print_real(type, value, out); }

  void operator()(std::string_view text) const {
    if (form == TextForm::kCast && is_padded(type)) {
      text = text.substr(0, text.find_last_not_of(' ') + 1);
    }
    if (type.kind != TypeKind::kOther || !text.starts_with(kOpaqueJson)) {
      out += text;
      return;
    }
    text.remove_prefix(1);
    const auto decoded = text.starts_with('"') ? decode_string_token(text) : std::string(text);
    out += decoded ? *decoded : std::string(text);
  }
};

Result<Value> parse_json_text(const Type& type, std::string_view token) {
  if (!token.starts_with('"')) return parse_text(type, token);
  HF_TRY_VOID(check_json(token));
  HF_TRY(const std::string text, decode_string_token(token));
  return parse_text(type, text);
}

// A string is decoded and escaped anew, whatever else is kept as it is.
Result<Value> parse_json_column(std::string_view token) {
  HF_TRY(Value value, parse_plain_json(token));
  if (!token.starts_with('"')) return value;
  HF_TRY(const std::string text, decode_string_token(token));
  std::string out;
  append_json_string(text, out);
  return Value(std::move(out));
}

}  // namespace

const char* collation_of(const Type& type) {
  if (type.kind == TypeKind::kNumeric) return kNumericCollation;
  return is_padded(type) ? "RTRIM" : "BINARY";
}

Result<Value> parse_text(const Type& type, std::string_view text) {
  return parse(type, text, Modifier::kApplied);
}

Result<Value> parse_operand(const Type& type, std::string_view text) {
  return parse(type, text, Modifier::kIgnored);
}

Result<Value> parse_json(const Type& type, std::string_view json) {
  const std::string_view token = trim(json);
  if (token == "null") return Value(Null{});
  switch (type.kind) {
    case TypeKind::kJson:
      return parse_json_column(token);
    case TypeKind::kJsonb:
      return parse_jsonb(token);
    case TypeKind::kOther:
      return parse_json_opaque(type, token);
    case TypeKind::kArray:
      if (!token.starts_with('"')) return to_value(parse_json_array(type, token));
      return parse_json_text(type, token);
    default:
      return parse_json_text(type, token);
  }
}

void print_text(const Type& type, const ValueView& value, std::string& out) {
  std::visit(TextPrinter{type, TextForm::kCast, out}, value);
}

void print_output(const Type& type, const ValueView& value, std::string& out) {
  std::visit(TextPrinter{type, TextForm::kOutput, out}, value);
}

// Equal values print alike everywhere but inside of arrays: 1.0 and 1.00, -0 and 0.
static bool has_many_forms(const Type& element) {
  return element.kind == TypeKind::kNumeric || element.kind == TypeKind::kFloat4 ||
         element.kind == TypeKind::kFloat8;
}

bool compares_exactly(const Type& type) {
  switch (type.kind) {
    case TypeKind::kJson:
    case TypeKind::kJsonb:
    case TypeKind::kInterval:
    case TypeKind::kOther:
      return false;
    case TypeKind::kArray:
      return !has_many_forms(*type.element) && compares_exactly(*type.element);
    default:
      return true;
  }
}

bool orders_exactly(const Type& type) {
  switch (type.kind) {
    case TypeKind::kEnum:
    case TypeKind::kTimetz:
    case TypeKind::kArray:
      return false;
    default:
      return compares_exactly(type);
  }
}

}  // namespace holdfast::cache
