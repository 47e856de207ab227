#include "cache/query/grammar.h"

namespace holdfast::cache::query::grammar {
namespace {

struct OperatorName {
  const char* text;
  Operator op;
};

constexpr OperatorName kFullText[] = {{"fts", Operator::kFts},
                                      {"plfts", Operator::kPlfts},
                                      {"phfts", Operator::kPhfts},
                                      {"wfts", Operator::kWfts}};
constexpr OperatorName kSimple[] = {
    {"neq", Operator::kNeq}, {"cs", Operator::kCs},   {"cd", Operator::kCd},
    {"ov", Operator::kOv},   {"sl", Operator::kSl},   {"sr", Operator::kSr},
    {"nxr", Operator::kNxr}, {"nxl", Operator::kNxl}, {"adj", Operator::kAdj}};
// A longer name stands before one that begins it.
constexpr OperatorName kQuantified[] = {
    {"eq", Operator::kEq},       {"gte", Operator::kGte},     {"gt", Operator::kGt},
    {"lte", Operator::kLte},     {"lt", Operator::kLt},       {"like", Operator::kLike},
    {"ilike", Operator::kIlike}, {"match", Operator::kMatch}, {"imatch", Operator::kImatch}};

bool any_character(Reader& reader) {
  return reader.any_of([](char32_t) { return true; });
}

bool element_character(char32_t c) { return c != ',' && c != ')'; }

// Text up to a comma or closing parenthesis.
bool bare_value(Reader& reader, std::string& out) {
  const std::size_t start = reader.position();
  while (reader.any_of(element_character)) {
  }
  out = reader.since(start);
  return true;
}

bool whole_quoted_value(Reader& reader, std::string& out) {
  return reader.attempt(
      [&] { return quoted_value(reader, out) && reader.not_ahead(element_character); });
}

// "{1,2}": an array literal keeps its commas.
bool array_value(Reader& reader, std::string& out) {
  return reader.attempt([&] {
    const std::size_t start = reader.position();
    if (!reader.text("{")) return false;
    while (reader.any_of([](char32_t c) { return c != '{' && c != '}'; })) {
    }
    if (!reader.text("}")) return false;
    out = reader.since(start);
    return true;
  });
}

bool single_value(Reader& reader, ValueEnd value_end, std::string& out) {
  if (value_end == ValueEnd::kAtComma) {
    return whole_quoted_value(reader, out) || array_value(reader, out) || bare_value(reader, out);
  }
  const std::size_t start = reader.position();
  while (any_character(reader)) {
  }
  out = reader.since(start);
  return true;
}

bool list_value(Reader& reader, std::vector<std::string>& out) {
  if (!mark(reader, '(')) return false;
  const auto element = [&] {
    std::string& value = out.emplace_back();
    if (!whole_quoted_value(reader, value)) bare_value(reader, value);
  };
  element();
  while (reader.character(',')) {
    element();
    reader.forget_expected();
  }
  return mark(reader, ')');
}

bool is_value(Reader& reader, IsValue& out) {
  static constexpr std::pair<const char*, IsValue> kValues[] = {{"null", IsValue::kNull},
                                                                {"not_null", IsValue::kNotNull},
                                                                {"unknown", IsValue::kUnknown},
                                                                {"true", IsValue::kTrue},
                                                                {"false", IsValue::kFalse}};
  return reader.named("isVal: (null, not_null, true, false, unknown)", [&] {
    for (const auto& [text, value] : kValues) {
      if (reader.attempt([&, word = text] { return reader.text_ignoring_case(word); })) {
        out = value;
        return true;
      }
    }
    return false;
  });
}

bool word(Reader& reader, const char* text) {
  return reader.attempt([&] { return reader.text(text) && delimiter(reader); });
}

bool language(Reader& reader, std::string& out) {
  return reader.attempt(
      [&] { return reader.character('(') && identifier(reader, out) && reader.character(')'); });
}

bool full_text(Reader& reader, ValueEnd value_end, Filter& out) {
  for (const auto& [text, op] : kFullText) {
    if (!reader.attempt([&, word = text] { return reader.text(word); })) continue;
    out.op = op;
    if (!language(reader, out.language)) out.language.clear();
    return delimiter(reader) && single_value(reader, value_end, out.value);
  }
  return false;
}

bool simple(Reader& reader, ValueEnd value_end, Filter& out) {
  for (const auto& [text, op] : kSimple) {
    if (!reader.attempt([&, word = text] { return reader.text(word); })) continue;
    out.op = op;
    return delimiter(reader) && single_value(reader, value_end, out.value);
  }
  return false;
}

bool quantifier(Reader& reader, Quantifier& out) {
  return reader.attempt([&] {
    if (!reader.character('(')) return false;
    const bool any = reader.attempt([&] { return reader.text("any"); });
    if (!any && !reader.text("all")) return false;
    out = any ? Quantifier::kAny : Quantifier::kAll;
    return reader.character(')');
  });
}

bool quantified(Reader& reader, ValueEnd value_end, Filter& out) {
  for (const auto& [text, op] : kQuantified) {
    if (!reader.attempt([&, word = text] { return reader.text(word); })) continue;
    out.op = op;
    if (!quantifier(reader, out.quantifier)) out.quantifier = Quantifier::kNone;
    return delimiter(reader) && single_value(reader, value_end, out.value);
  }
  return false;
}

bool operation_body(Reader& reader, ValueEnd value_end, Filter& out) {
  return reader.named("operator (eq, gt, ...)", [&] {
    if (word(reader, "in")) return out.op = Operator::kIn, list_value(reader, out.values);
    if (word(reader, "is")) return out.op = Operator::kIs, is_value(reader, out.is);
    if (word(reader, "isdistinct")) {
      out.op = Operator::kIsDistinct;
      return single_value(reader, value_end, out.value);
    }
    return reader.attempt([&] { return full_text(reader, value_end, out); }) ||
           reader.attempt([&] { return simple(reader, value_end, out); }) ||
           reader.attempt([&] { return quantified(reader, value_end, out); });
  });
}

bool logic_filter(Reader& reader, Condition& out) {
  out = {};
  return field(reader, out.filter.field) && delimiter(reader) &&
         operation(reader, ValueEnd::kAtComma, out.filter);
}

bool negation(Reader& reader) {
  bool negated = false;
  reader.named("negation operator (not)", [&] {
    negated = word(reader, "not");
    return true;
  });
  return negated;
}

bool logic_operator(Reader& reader, Condition::Kind& out) {
  return reader.named("logic operator (and, or)", [&] {
    out = Condition::Kind::kAnd;
    if (reader.attempt([&] { return reader.text("and"); })) return true;
    out = Condition::Kind::kOr;
    return reader.text("or");
  });
}

bool logic_operands(Reader& reader, std::vector<Condition>& out) {
  if (!mark(reader, '(') || !logic_tree(reader, out.emplace_back())) return false;
  for (;;) {
    const std::size_t start = reader.position();
    if (!mark(reader, ',')) return reader.position() == start && mark(reader, ')');
    if (!logic_tree(reader, out.emplace_back())) return false;
    reader.forget_expected();
  }
}

}  // namespace

bool operation(Reader& reader, ValueEnd value_end, Filter& out) {
  out.negated = word(reader, "not");
  return operation_body(reader, value_end, out);
}

bool logic_tree(Reader& reader, Condition& out) {
  if (reader.attempt([&] { return logic_filter(reader, out); })) return true;
  out = {};
  out.negated = negation(reader);
  if (!logic_operator(reader, out.kind) || !reader.enter()) return false;
  const bool complete = logic_operands(reader, out.operands);
  reader.leave();
  return complete;
}

}  // namespace holdfast::cache::query::grammar
