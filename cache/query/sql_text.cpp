#include "cache/query/sql_text.h"

#include <span>

namespace holdfast::cache::query {
namespace {

void append_balanced(std::span<const std::string> terms, std::string_view glue, std::string& out) {
  if (terms.size() == 1) {
    out += terms[0];
    return;
  }
  const auto half = terms.size() / 2;
  out += '(';
  append_balanced(terms.first(half), glue, out);
  out += glue;
  append_balanced(terms.subspan(half), glue, out);
  out += ')';
}

}  // namespace

std::string quote_identifier(std::string_view identifier) {
  std::string out = "\"";
  for (const char c : identifier) {
    out += c;
    if (c == '"') out += c;
  }
  return out + '"';
}

std::string balanced(const std::vector<std::string>& terms, std::string_view glue) {
  std::string out;
  if (!terms.empty()) append_balanced(terms, glue, out);
  return out;
}

std::string Parameters::value(Value value) {
  values_.push_back(std::move(value));
  return "?" + std::to_string(values_.size());
}

const RowShape* Parameters::keep(std::unique_ptr<RowShape> shape) {
  shapes_->push_back(std::move(shape));
  return shapes_->back().get();
}

std::string Parameters::shape(std::unique_ptr<RowShape> shape) {
  const std::string parameter = value(Null{});
  pointers_.emplace_back(static_cast<int>(values_.size()), keep(std::move(shape)));
  return parameter;
}

std::string Parameters::types(std::vector<const Type*> types, std::deque<Type> owned) {
  auto shape_of_types = std::make_unique<RowShape>();
  for (const Type* type : types) {
    shape_of_types->members.push_back({{}, {}, type, Member::Kind::kValue});
  }
  shape_of_types->owned_types = std::move(owned);
  return shape(std::move(shape_of_types));
}

void Parameters::move_into(Plan& plan) {
  plan.values = std::move(values_);
  plan.pointers = std::move(pointers_);
  plan.shapes = std::move(shapes_);
}

}  // namespace holdfast::cache::query
