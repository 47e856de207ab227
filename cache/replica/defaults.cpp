#include "cache/replica/defaults.h"

#include <array>
#include <string_view>

#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "gateway/base/ids.h"

namespace holdfast::cache {
namespace {

constexpr std::array<std::string_view, 8> kClockExpressions = {"now()",
                                                               "CURRENT_TIMESTAMP",
                                                               "LOCALTIMESTAMP",
                                                               "transaction_timestamp()",
                                                               "statement_timestamp()",
                                                               "clock_timestamp()",
                                                               "timezone('utc'::text, now())",
                                                               "(now() AT TIME ZONE 'utc'::text)"};

constexpr std::array<std::string_view, 5> kUuidExpressions = {
    "gen_random_uuid()", "uuid_generate_v4()", "extensions.uuid_generate_v4()",
    "public.uuid_generate_v4()", "extensions.gen_random_uuid()"};

template <typename List>
bool contains(const List& list, std::string_view text) {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// "(x)" -> "x" while the outer parentheses belong together.
std::string_view strip_parentheses(std::string_view text) {
  while (text.size() >= 2 && text.front() == '(' && text.back() == ')') {
    int depth = 0;
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
      depth += text[i] == '(' ? 1 : text[i] == ')' ? -1 : 0;
      if (depth == 0) return text;
    }
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

// Whether `text` is a type name and nothing else, as it follows "::".
bool is_type_name(std::string_view text) {
  return !text.empty() && text.find_first_of("'();") == std::string_view::npos;
}

bool is_type_with_modifier(std::string_view text) {
  const auto open = text.find('(');
  return open != std::string_view::npos && text.back() == ')' &&
         is_type_name(text.substr(0, open)) &&
         text.find_first_not_of("0123456789,", open + 1) == text.size() - 1;
}

// 'it''s'::text -> it's; nullopt when `text` is more than one literal with casts.
std::optional<std::string> string_literal(std::string_view text) {
  if (text.empty() || text.front() != '\'') return std::nullopt;
  std::string literal;
  std::size_t i = 1;
  for (;; ++i) {
    if (i >= text.size()) return std::nullopt;
    if (text[i] != '\'') {
      literal += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '\'') {
      literal += text[i++];
    } else {
      break;
    }
  }
  const std::string_view cast = text.substr(i + 1);
  if (cast.empty()) return literal;
  if (!cast.starts_with("::")) return std::nullopt;
  const std::string_view type = cast.substr(2);
  if (!is_type_name(type) && !is_type_with_modifier(type)) return std::nullopt;
  // A literal that is first another type ('now'::text, '1 day'::interval + …) is not its text.
  return type.find("::") == std::string_view::npos ? std::optional(literal) : std::nullopt;
}

std::optional<std::string> plain_literal(std::string_view text) {
  const auto cast = text.find("::");
  if (cast != std::string_view::npos && !is_type_name(text.substr(cast + 2))) return std::nullopt;
  const std::string_view bare = strip_parentheses(text.substr(0, cast));
  if (bare == "true" || bare == "false") return std::string(bare);
  const auto digits = bare.find_first_not_of("+-");
  if (digits == std::string_view::npos || digits > 1) return std::nullopt;
  if (bare.find_first_not_of("0123456789.", digits) != std::string_view::npos) return std::nullopt;
  return std::string(bare);
}

// "a, 'b, c'::text" -> a and 'b, c'::text; nullopt where anything is nested.
std::optional<std::vector<std::string_view>> split_elements(std::string_view text) {
  std::vector<std::string_view> elements;
  bool quoted = false;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '[' || text[i] == '(') return std::nullopt;
    if (text[i] != ',') continue;
    elements.push_back(text.substr(start, i - start));
    start = i + 2;
  }
  if (start < text.size()) elements.push_back(text.substr(start));
  return elements;
}

// One element as array input reads it: quoted, so that neither braces nor "NULL" have a meaning.
std::optional<std::string> array_element(std::string_view text) {
  if (text.starts_with("NULL")) return "NULL";
  auto literal = string_literal(text);
  if (!literal) literal = plain_literal(text);
  if (!literal) return std::nullopt;
  std::string element = "\"";
  for (const char c : *literal) {
    if (c == '"' || c == '\\') element += '\\';
    element += c;
  }
  return element + '"';
}

// ARRAY['a'::text, 'b'::text] -> {"a","b"}
std::optional<std::string> array_literal(std::string_view text) {
  if (const auto cast = text.rfind("]::"); cast != std::string_view::npos) {
    if (!is_type_name(text.substr(cast + 3))) return std::nullopt;
    text = text.substr(0, cast + 1);
  } else if (const auto outer = text.rfind("])::"); outer != std::string_view::npos) {
    if (!is_type_name(text.substr(outer + 4)) || text.front() != '(') return std::nullopt;
    text = text.substr(1, outer);
  }
  if (!text.starts_with("ARRAY[") || text.back() != ']') return std::nullopt;
  const auto elements = split_elements(text.substr(6, text.size() - 7));
  if (!elements) return std::nullopt;
  std::string array;
  for (const std::string_view each : *elements) {
    const auto element = array_element(each);
    if (!element) return std::nullopt;
    array += (array.empty() ? "" : ",") + *element;
  }
  return "{" + array + "}";
}

// "(gen_random_uuid())::text" -> "gen_random_uuid()": casts that leave the value's text as it is.
std::string_view without_text_cast(std::string_view text) {
  for (const std::string_view cast : {"::text", "::character varying"}) {
    if (text.ends_with(cast)) return strip_parentheses(text.substr(0, text.size() - cast.size()));
  }
  return text;
}

// A value of the token's claims as text, as auth.uid() and auth.role() read it.
std::optional<std::string> claim(const http::Principal& principal, std::string_view name) {
  const auto claims = parse_body(principal.claims);
  if (!claims || claims->rows.empty()) return std::nullopt;
  for (const auto& [key, token] : claims->rows[0]) {
    if (key == name && token.starts_with('"')) return decode_json_string(token);
  }
  return std::nullopt;
}

std::optional<ComputedDefault> typed(const Type& type, std::string_view text) {
  auto value = parse_text(type, text);
  if (!value) return std::nullopt;
  return ComputedDefault{*std::move(value)};
}

std::optional<ComputedDefault> from_claim(const Column& column, const DefaultContext& context,
                                          std::string_view name) {
  const auto text = claim(context.principal, name);
  return text ? typed(column.type, *text) : ComputedDefault{Null{}};
}

}  // namespace

std::optional<ComputedDefault> compute_default(const Column& column,
                                               const DefaultContext& context) {
  if (column.identity != Identity::kNo || column.generated != Generated::kNo) return std::nullopt;
  if (!column.default_expression) return ComputedDefault{Null{}};
  const std::string_view whole = strip_parentheses(*column.default_expression);
  if (whole.starts_with("NULL") && (whole.size() == 4 || whole.substr(4).starts_with("::"))) {
    return ComputedDefault{Null{}};
  }
  if (contains(kUuidExpressions, without_text_cast(whole))) {
    auto uuid = typed(column.type, new_uuid());
    if (uuid) uuid->random = true;
    return uuid;
  }
  if (contains(kClockExpressions, whole) ||
      contains(kClockExpressions, *column.default_expression)) {
    const bool moment =
        column.type.kind == TypeKind::kTimestamptz || whole.starts_with("timezone(");
    if (!moment && !context.utc) return std::nullopt;
    return typed(column.type, format_rfc3339(context.now));
  }
  if (whole == "CURRENT_DATE" && !context.utc) return std::nullopt;
  if (whole == "CURRENT_DATE") return typed(column.type, format_rfc3339(context.now).substr(0, 10));
  if (without_text_cast(whole) == "auth.uid()") return from_claim(column, context, "sub");
  if (whole == "auth.role()") return from_claim(column, context, "role");
  if (const auto text = string_literal(whole)) return typed(column.type, *text);
  if (const auto text = plain_literal(whole)) return typed(column.type, *text);
  if (const auto text = array_literal(whole)) return typed(column.type, *text);
  return std::nullopt;
}

}  // namespace holdfast::cache
