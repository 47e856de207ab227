// Values as JSON: print_json() of codec.h.

#include <cmath>

#include "cache/values/array.h"
#include "cache/values/codec.h"
#include "cache/values/stored_number.h"

namespace holdfast::cache {
namespace {

struct JsonPrinter {
  const Type& type;
  TextBuilder& out;

  void operator()(Null) const { out.append("null"); }

  void operator()(std::int64_t value) const {
    if (type.kind == TypeKind::kBool) return out.append(value != 0 ? "true" : "false");
    // SQLite keeps a REAL without a fraction as an integer, and an expression may give one.
    if (is_float(type.kind)) return (*this)(static_cast<double>(value));
    const bool quoted = is_moment(type.kind) || type.base == "oid";
    char* at = out.room(kLongestInteger + 2);
    if (quoted) *at++ = '"';
    at = put_integer(type, value, DateForm::kJson, at);
    if (quoted) *at++ = '"';
    out.end_at(at);
  }

  void operator()(double value) const {
    const bool quoted = !std::isfinite(value);
    std::string text;
    if (quoted) text += '"';
    print_real(type, value, text);
    if (quoted) text += '"';
    out.append(text);
  }

  void operator()(std::string_view text) const {
    switch (type.kind) {
      case TypeKind::kNumeric:
        print_digits(text);
        break;
      case TypeKind::kJson:
      case TypeKind::kJsonb:
        out.append(text);
        break;
      case TypeKind::kArray:
        print_array(text);
        break;
      case TypeKind::kOther:
        print_opaque(text);
        break;
      default:
        append_json_string(text, out);
        break;
    }
  }

  void print_digits(std::string_view text) const {
    // NaN and the infinities end with letters.
    const bool bare = text.empty() || text.back() <= '9';
    if (!bare) out.append('"');
    out.append(text);
    if (!bare) out.append('"');
  }

  void print_array(std::string_view text) const {
    std::string json;
    print_array_json(type, text, json);
    out.append(json);
  }

  void print_opaque(std::string_view text) const {
    if (text.starts_with(kOpaqueJson)) {
      out.append(text.substr(1));
    } else {
      append_json_string(text, out);
    }
  }
};

}  // namespace

void print_json(const Type& type, const ValueView& value, TextBuilder& out) {
  std::visit(JsonPrinter{type, out}, value);
}

void print_json(const Type& type, const ValueView& value, std::string& out) {
  TextBuilder text(std::move(out));
  print_json(type, value, text);
  out = text.take();
}

}  // namespace holdfast::cache
