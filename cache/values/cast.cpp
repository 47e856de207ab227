#include "cache/values/cast.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "cache/values/calendar.h"
#include "cache/values/codec.h"
#include "cache/values/numeric.h"
#include "cache/values/range.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache {
namespace {

bool is_number(TypeKind kind) {
  return is_integer(kind) || is_float(kind) || kind == TypeKind::kNumeric;
}

bool is_day_or_moment(TypeKind kind) {
  return kind == TypeKind::kDate || kind == TypeKind::kTimestamp || kind == TypeKind::kTimestamptz;
}

// Some of which have casts among each other and among days and moments.
bool is_clock(TypeKind kind) {
  return kind == TypeKind::kTime || kind == TypeKind::kTimetz || kind == TypeKind::kInterval;
}

bool is_text_target(const Type& type) {
  return type.kind == TypeKind::kText && (type.base == "text" || type.base == "character varying");
}

Error out_of_range(const Type& type) {
  return invalid_request("22003", type.base + " out of range");
}

double float_of(const ValueView& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* whole = std::get_if<std::int64_t>(&value)) return static_cast<double>(*whole);
  return std::numeric_limits<double>::quiet_NaN();
}

// Half to even; 2^63 is the first double beyond bigint.
Result<Value> float_to_integer(const Type& to, double number) {
  const double whole = std::nearbyint(number);
  if (!(whole >= -0x1p63 && whole < 0x1p63)) return out_of_range(to);
  auto value = parse_text(to, std::to_string(static_cast<std::int64_t>(whole)));
  if (!value) return out_of_range(to);
  return value;
}

// As many digits as the type surely holds: 6 or 15.
Result<Value> float_to_numeric(const Type& from, const Type& to, double number) {
  std::array<char, 64> digits;
  std::snprintf(digits.data(), digits.size(), "%.*g", from.kind == TypeKind::kFloat4 ? 6 : 15,
                number);
  return parse_text(to, digits.data());
}

Result<Value> float_to_float(const Type& to, double number) {
  if (std::isnan(number)) return Value(std::string("NaN"));
  if (to.kind == TypeKind::kFloat8) return Value(number);
  const auto narrow = static_cast<float>(number);
  if (std::isinf(narrow) && !std::isinf(number)) {
    return invalid_request("22003", "value out of range: overflow");
  }
  if (narrow == 0 && number != 0) {
    return invalid_request("22003", "value out of range: underflow");
  }
  return Value(static_cast<double>(narrow));
}

Result<Value> cast_float(const Type& from, const Type& to, double number) {
  if (is_integer(to.kind)) return float_to_integer(to, number);
  if (to.kind == TypeKind::kNumeric) return float_to_numeric(from, to, number);
  return float_to_float(to, number);
}

// Wider than every numeric, so that only the scale applies.
constexpr NumericModifier kWhole{200'000, 0};

Result<Value> numeric_to_integer(const Type& to, std::string_view digits) {
  if (digits == "NaN" || digits.ends_with("Infinity")) {
    return invalid_request("0A000", std::string("cannot convert ") +
                                        (digits == "NaN" ? "NaN" : "infinity") + " to " + to.base);
  }
  HF_TRY(const std::string whole, parse_numeric(digits, kWhole));
  auto value = parse_text(to, whole);
  if (!value) return out_of_range(to);
  return value;
}

bool is_from_jsonb(const Type& from, const Type& to) {
  return from.kind == TypeKind::kJsonb && (is_number(to.kind) || to.kind == TypeKind::kBool);
}

const char* jsonb_kind(std::string_view json) {
  switch (json.empty() ? '\0' : json.front()) {
    case '"':
      return "string";
    case '[':
      return "array";
    case '{':
      return "object";
    case 't':
    case 'f':
      return "boolean";
    case 'n':
      return "null";
    default:
      return "numeric";
  }
}

Result<Value> cast_jsonb(const Type& to, std::string_view json) {
  const std::string_view kind = jsonb_kind(json);
  // Newer servers have NULL for it, older ones an error.
  if (kind == "null") {
    return Error{ErrorKind::kNotAnswerable, kForwardCode, "a cast of the json null", {}, {}};
  }
  if (kind != (to.kind == TypeKind::kBool ? "boolean" : "numeric")) {
    return invalid_request("22023",
                           "cannot cast jsonb " + std::string(kind) + " to type " + to.base);
  }
  if (to.kind == TypeKind::kBool) return Value(std::int64_t{json == "true" ? 1 : 0});
  static const Type numeric = make_type("numeric");
  HF_TRY(const Value number, parse_text(numeric, json));
  return cast_value(numeric, to, view(number));
}

bool is_from_moment(const Type& from, const Type& to) {
  const bool moment = from.kind == TypeKind::kTimestamp || from.kind == TypeKind::kTimestamptz;
  return moment && to.kind == TypeKind::kTime && to.precision < 0 && from.zone == nullptr;
}

Value time_of(std::int64_t moment) {
  if (moment == kTimestampInfinity || moment == kTimestampMinusInfinity) return Null{};
  const std::int64_t time = moment % kMicrosPerDay;
  return time < 0 ? time + kMicrosPerDay : time;
}

}  // namespace

bool casts_exactly(const Type& from, const Type& to) {
  if (from.kind == TypeKind::kOther || to.kind == TypeKind::kOther) return false;
  if (is_text_target(to)) {
    const bool array = from.kind == TypeKind::kArray;
    return !array || (from.element && from.element->kind != TypeKind::kOther);
  }
  if (from.base == "oid" || to.base == "oid") return from.name == to.name;
  if (from.kind == TypeKind::kText) {
    return to.kind != TypeKind::kText && to.kind != TypeKind::kEnum && from.base != "character";
  }
  if (is_number(from.kind) && is_number(to.kind)) return true;
  if (is_day_or_moment(from.kind) && is_day_or_moment(to.kind)) return to.precision < 0;
  if (from.kind == TypeKind::kInt4 && to.kind == TypeKind::kBool) return true;
  if (from.kind == TypeKind::kBool && to.kind == TypeKind::kInt4) return true;
  if (is_from_jsonb(from, to) || is_from_moment(from, to)) return true;
  if (from.kind == to.kind) return from.name == to.name;
  return (from.kind == TypeKind::kJson && to.kind == TypeKind::kJsonb) ||
         (from.kind == TypeKind::kJsonb && to.kind == TypeKind::kJson);
}

bool has_cast(const Type& from, const Type& to) {
  // Anything goes into text and may come out of it.
  if (from.kind == TypeKind::kText || to.kind == TypeKind::kText) return true;
  if (from.kind == to.kind || from.base == "oid" || to.base == "oid") return true;
  if (range_bound(from) != nullptr) return to.kind == TypeKind::kOther;
  if (from.kind == TypeKind::kOther || to.kind == TypeKind::kOther) return true;
  // Newer servers take integers for bytes.
  if (is_integer(from.kind) || is_integer(to.kind)) {
    if (from.kind == TypeKind::kBytea || to.kind == TypeKind::kBytea) return true;
  }
  const bool number = is_number(to.kind);
  if (is_number(from.kind)) {
    return number || (from.kind == TypeKind::kInt4 && to.kind == TypeKind::kBool);
  }
  switch (from.kind) {
    case TypeKind::kBool:
      return to.kind == TypeKind::kInt4;
    case TypeKind::kJsonb:
      return number || to.kind == TypeKind::kBool || to.kind == TypeKind::kJson;
    case TypeKind::kJson:
      return to.kind == TypeKind::kJsonb;
    case TypeKind::kDate:
    case TypeKind::kTimestamp:
    case TypeKind::kTimestamptz:
    case TypeKind::kTime:
    case TypeKind::kTimetz:
    case TypeKind::kInterval:
      return is_day_or_moment(to.kind) || is_clock(to.kind);
    default:
      return false;
  }
}

Result<Value> cast_value(const Type& from, const Type& to, const ValueView& value) {
  const bool to_number = is_number(to.kind);
  if (is_float(from.kind) && to_number) return cast_float(from, to, float_of(value));
  const auto* digits = std::get_if<std::string_view>(&value);
  if (digits != nullptr && is_from_jsonb(from, to)) return cast_jsonb(to, *digits);
  if (from.kind == TypeKind::kNumeric && is_integer(to.kind) && digits != nullptr) {
    return numeric_to_integer(to, *digits);
  }
  if (const auto* number = std::get_if<std::int64_t>(&value)) {
    if (is_from_moment(from, to)) return time_of(*number);
    if (to.kind == TypeKind::kBool) return Value(std::int64_t{*number != 0 ? 1 : 0});
    if (from.kind == TypeKind::kBool && to_number) return Value(*number);
  }
  std::string text;
  print_text(from, value, text);
  auto cast = parse_text(to, text);
  if (cast) return cast;
  if (is_integer(from.kind) && is_integer(to.kind)) return out_of_range(to);
  if (from.kind == TypeKind::kDate && cast.error().code == "22008") {
    return invalid_request("22008", "date out of range for timestamp");
  }
  return cast;
}

}  // namespace holdfast::cache
