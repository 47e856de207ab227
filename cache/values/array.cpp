#include "cache/values/array.h"

#include <optional>
#include <utility>
#include <vector>

#include "cache/values/array_literal.h"
#include "cache/values/codec.h"
#include "cache/values/input_error.h"
#include "cache/values/json_lexer.h"
#include "cache/values/numeric.h"

namespace holdfast::cache {
namespace {

Error ragged_json() {
  return invalid_request("22P02", "malformed JSON array",
                         "Multidimensional arrays must have sub-arrays with matching dimensions.");
}

// Converts one element to the form in which array_out() prints it.
Result<std::optional<std::string>> element_output(const Type& element, Result<Value> value) {
  if (!value) return std::move(value).error();
  if (is_null(*value)) return std::optional<std::string>();
  // With its mark of JSON, which printing would drop.
  if (element.kind == TypeKind::kOther) return std::optional(std::get<std::string>(*value));
  std::string out;
  print_output(element, view(*value), out);
  return std::optional<std::string>(std::move(out));
}

// Walks a checked JSON array. How many dimensions it has is settled by its first element that is no
// array; deeper arrays are then elements.
class JsonArrayReader {
 public:
  JsonArrayReader(const Type& element, std::string_view json)
      : element_(element), json_(json), lexer_(json) {}

  Result<ArrayLiteral> run() {
    HF_TRY(const JsonToken start, lexer_.next());
    if (start.kind != JsonKind::kArrayStart) {
      return invalid_request("22P02", "expected JSON array");
    }
    HF_TRY_VOID(level(1));
    if (array_.elements.empty()) array_.sizes.clear();
    array_.lower_bounds.assign(array_.sizes.size(), 1);
    return std::move(array_);
  }

 private:
  bool settled() const { return !array_.sizes.empty(); }

  void settle(std::size_t dimensions) {
    if (!settled()) array_.sizes.assign(dimensions, kUnknown);
  }

  // Behind its opening bracket.
  Result<void> level(std::size_t depth) {
    if (depth > ArrayLiteral::kMaxDimensions) return too_many_dimensions(depth);
    int count = 0;
    while (true) {
      HF_TRY(const JsonToken token, lexer_.next());
      if (token.kind == JsonKind::kArrayEnd) break;
      if (token.kind == JsonKind::kComma) continue;
      const bool deeper = !settled() || depth < array_.sizes.size();
      if (token.kind == JsonKind::kArrayStart && deeper) {
        HF_TRY_VOID(level(depth + 1));
      } else {
        HF_TRY_VOID(leaf(token, depth));
      }
      ++count;
    }
    settle(depth);
    int& size = array_.sizes[depth - 1];
    if (size == kUnknown) size = count;
    if (size != count) return ragged_json();
    return {};
  }

  Result<void> leaf(const JsonToken& token, std::size_t depth) {
    settle(depth);
    if (depth < array_.sizes.size()) return invalid_request("22P02", "expected JSON array");
    const auto begin = static_cast<std::size_t>(token.text.data() - json_.data());
    HF_TRY_VOID(skip_rest(token));
    const auto raw = json_.substr(begin, lexer_.position() - begin);
    HF_TRY(auto output, element_output(element_, parse_json(element_, raw)));
    if (output) HF_TRY_VOID(written_out_.add(raw, *output));
    array_.elements.push_back(std::move(output));
    return {};
  }

  // To the end of the value that `first` begins.
  Result<void> skip_rest(const JsonToken& first) {
    int open = 0;
    JsonToken token = first;
    while (true) {
      if (token.kind == JsonKind::kArrayStart || token.kind == JsonKind::kObjectStart) ++open;
      if (token.kind == JsonKind::kArrayEnd || token.kind == JsonKind::kObjectEnd) --open;
      if (open == 0) return {};
      HF_TRY(token, lexer_.next());
    }
  }

  static constexpr int kUnknown = -1;

  const Type& element_;
  std::string_view json_;
  JsonLexer lexer_;
  ArrayLiteral array_;
  WrittenOut written_out_;
};

void print_element(const Type& element, const std::optional<std::string>& text, std::string& out) {
  if (!text) {
    out += "null";
    return;
  }
  if (element.kind == TypeKind::kOther && text->starts_with(kOpaqueJson)) {
    out += std::string_view(*text).substr(1);
    return;
  }
  const auto value = parse_text(element, *text);
  if (value) {
    print_json(element, view(*value), out);
  } else {
    append_json_string(*text, out);
  }
}

void print_dimension(const Type& element, const ArrayLiteral& array, std::size_t dimension,
                     std::size_t& next, std::string& out) {
  out += '[';
  for (int i = 0; i < array.sizes[dimension]; ++i) {
    if (i > 0) out += ',';
    if (dimension + 1 < array.sizes.size()) {
      print_dimension(element, array, dimension + 1, next, out);
    } else {
      print_element(element, array.elements[next++], out);
    }
  }
  out += ']';
}

}  // namespace

Result<std::string> parse_array(const Type& array, std::string_view text, ElementUse use) {
  HF_TRY(ArrayLiteral literal, parse_array_literal(text));
  WrittenOut written_out;
  for (auto& element : literal.elements) {
    if (!element) continue;
    auto value = use == ElementUse::kOperand ? parse_operand(*array.element, *element)
                                             : parse_text(*array.element, *element);
    HF_TRY(auto output, element_output(*array.element, std::move(value)));
    if (output) HF_TRY_VOID(written_out.add(*element, *output));
    element = std::move(output);
  }
  return print_array_literal(literal);
}

Result<std::string> parse_json_array(const Type& array, std::string_view json) {
  HF_TRY_VOID(check_json(json));
  HF_TRY(const ArrayLiteral literal, JsonArrayReader(*array.element, json).run());
  return print_array_literal(literal);
}

void print_array_json(const Type& array, std::string_view text, std::string& out) {
  const auto literal = parse_array_literal(text);
  if (!literal) {
    append_json_string(text, out);
    return;
  }
  if (literal->sizes.empty()) {
    out += "[]";
    return;
  }
  std::size_t next = 0;
  print_dimension(*array.element, *literal, 0, next, out);
}

}  // namespace holdfast::cache
