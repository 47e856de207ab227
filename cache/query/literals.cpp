#include "cache/query/literals.h"

#include <algorithm>

#include "cache/query/resolve.h"
#include "cache/values/codec.h"
#include "cache/values/numeric.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache::query {

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

Result<Value> literal_value(LiteralUse use, const Type& type, const std::string& text) {
  if (text.find('\0') != std::string::npos) return forward("a NUL character");
  if (use == LiteralUse::kPattern) {
    std::string pattern = text;
    std::replace(pattern.begin(), pattern.end(), '*', '%');
    return Value(std::move(pattern));
  }
  HF_TRY(Value parsed, parse_operand(type, text));
  if (use == LiteralUse::kOperand || compares_exactly(type)) return parsed;
  return Value(sort_key(type, view(parsed)));
}

Result<Value> literal_list(const Type& type, const std::vector<std::string>& texts) {
  std::vector<Value> values;
  values.reserve(texts.size());
  WrittenOut written_out;
  for (const auto& text : texts) {
    HF_TRY(Value value, literal_value(LiteralUse::kEquality, type, text));
    if (const auto* digits = std::get_if<std::string>(&value)) {
      HF_TRY_VOID(written_out.add(text, *digits));
    }
    values.push_back(std::move(value));
  }
  return Value(json_list(values));
}

}  // namespace holdfast::cache::query
