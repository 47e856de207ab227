#include "cache/values/sort_key.h"

#include <algorithm>
#include <bit>
#include <limits>

#include "cache/values/array_literal.h"
#include "cache/values/calendar.h"
#include "cache/values/codec.h"
#include "cache/values/datetime_fields.h"
#include "cache/values/interval.h"
#include "cache/values/jsonb_tree.h"
#include "cache/values/key_bytes.h"
#include "cache/values/range.h"
#include "cache/values/text.h"

namespace holdfast::cache {
namespace {

std::string_view text_of(const ValueView& value) {
  const auto* text = std::get_if<std::string_view>(&value);
  return text == nullptr ? std::string_view() : *text;
}

void append_text(std::string_view text, std::string& out) {
  out += text;
  out += '\0';
}

// A NaN is stored as text, and greater than every number.
void append_float(const ValueView& value, std::string& out) {
  double number = std::numeric_limits<double>::quiet_NaN();
  if (const auto* real = std::get_if<double>(&value)) number = *real;
  if (const auto* integer = std::get_if<std::int64_t>(&value)) {
    number = static_cast<double>(*integer);
  }
  if (number == 0) number = 0;  // not -0
  auto bits = std::bit_cast<std::uint64_t>(number);
  const std::uint64_t sign = std::uint64_t{1} << 63U;
  bits = (bits & sign) != 0 ? ~bits : bits | sign;
  append_big_endian(bits, out);
}

void append_enum(const Type& type, std::string_view label, std::string& out) {
  const auto found = std::find(type.labels.begin(), type.labels.end(), label);
  append_integer_key(found - type.labels.begin(), out);
}

void append_timetz(std::string_view text, std::string& out) {
  const auto fields = parse_datetime_fields(text, "time with time zone");
  if (!fields) return;
  const std::int64_t east = fields->zone.value_or(0);
  append_integer_key(fields->micros.value_or(0) - east * kMicrosPerSecond, out);
  append_integer_key(-east, out);
}

void append_interval(std::string_view text, std::string& out) {
  const IntervalSpan span = interval_span(text);
  append_integer_key(span.days, out);
  append_integer_key(span.micros, out);
}

// Elements first, then their number, then the dimensions, as array_cmp() compares.
void append_array(const Type& type, std::string_view text, std::string& out) {
  const auto array = parse_array_literal(text);
  if (!array) return;
  for (const auto& element : array->elements) {
    if (!element) {
      out += '\x02';
      continue;
    }
    out += '\x01';
    const auto value = parse_text(*type.element, *element);
    if (value) out += sort_key(*type.element, view(*value));
  }
  out += '\0';
  append_integer_key(static_cast<std::int64_t>(array->sizes.size()), out);
  for (const int size : array->sizes) append_integer_key(size, out);
  for (const int bound : array->lower_bounds) append_integer_key(bound, out);
}

std::string text_key(const Type& type, std::string_view text) {
  std::string out;
  switch (type.kind) {
    case TypeKind::kNumeric:
      append_numeric_key(text, out);
      break;
    case TypeKind::kEnum:
      append_enum(type, text, out);
      break;
    case TypeKind::kTimetz:
      append_timetz(text, out);
      break;
    case TypeKind::kInterval:
      append_interval(text, out);
      break;
    case TypeKind::kJsonb:
      out = jsonb_sort_key(text);
      break;
    case TypeKind::kArray:
      append_array(type, text, out);
      break;
    case TypeKind::kOther:
      out = range_key(type, text).sort_key();
      break;
    default:
      if (is_padded(type)) text = text.substr(0, text.find_last_not_of(' ') + 1);
      append_text(text, out);
      break;
  }
  return out;
}

}  // namespace

bool has_sort_key(const Type& type) {
  switch (type.kind) {
    case TypeKind::kJson:
      return false;
    case TypeKind::kOther:
      return range_bound(type) != nullptr;
    case TypeKind::kArray:
      return has_sort_key(*type.element);
    default:
      return true;
  }
}

std::string sort_key(const Type& type, const ValueView& value) {
  std::string out;
  if (type.kind == TypeKind::kFloat4 || type.kind == TypeKind::kFloat8) {
    append_float(value, out);
  } else if (const auto* number = std::get_if<std::int64_t>(&value)) {
    append_integer_key(*number, out);
  } else {
    out = text_key(type, text_of(value));
  }
  return out;
}

bool same_value(const Type& type, const Value& a, const Value& b) {
  if (a == b) return true;
  if (is_null(a) || is_null(b)) return false;
  return has_sort_key(type) && sort_key(type, view(a)) == sort_key(type, view(b));
}

}  // namespace holdfast::cache
