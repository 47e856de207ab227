#include <algorithm>

#include "cache/query/json_text.h"
#include "cache/query/outcome_words.h"
#include "cache/query/patterns.h"
#include "cache/query/query.h"
#include "cache/query/render.h"
#include "cache/values/array_literal.h"
#include "cache/values/codec.h"
#include "cache/values/functions.h"
#include "cache/values/json.h"

namespace holdfast::cache::query {
namespace {

const RowShape& shape_of(const Arguments& arguments) {
  return *static_cast<const RowShape*>(arguments.pointer(0, kShapePointer));
}

std::string_view text_of(const Arguments& arguments, int index) {
  const auto value = arguments[index];
  const auto* text = std::get_if<std::string_view>(&value);
  return text == nullptr ? std::string_view() : *text;
}

void fail(FunctionContext& context, const Error& error) { context.fail(encode_outcome(error)); }

void append_members(const Arguments& arguments, std::string& out) {
  render_members(
      shape_of(arguments), [&](int i) { return arguments[i + 1]; }, out);
}

// hf_object(shape, v1, …): {"a":v1,…}
void object(FunctionContext& context, Arguments arguments) {
  std::string out = "{";
  append_members(arguments, out);
  out += '}';
  context.text(out);
}

// hf_fragment(shape, v1, …): "a":v1,…
void fragment(FunctionContext& context, Arguments arguments) {
  std::string out;
  append_members(arguments, out);
  context.text(out);
}

// The array that an aggregate is building; made at its first row.
std::string& aggregate_text(FunctionContext& context) {
  auto** text = static_cast<std::string**>(context.aggregate(sizeof(std::string*)));
  if (*text == nullptr) *text = new std::string("[");
  return **text;
}

void begin_element(std::string& out) {
  if (out.size() > 1) out += ',';
}

// hf_rows(shape, v1, …): an array of objects
void add_row(FunctionContext& context, Arguments arguments) {
  std::string& out = aggregate_text(context);
  begin_element(out);
  out += '{';
  append_members(arguments, out);
  out += '}';
}

// hf_list(shape, v): an array of values
void add_value(FunctionContext& context, Arguments arguments) {
  std::string& out = aggregate_text(context);
  begin_element(out);
  render_value(shape_of(arguments).members[0], arguments[1], out);
}

void finish_array(FunctionContext& context) {
  auto** text = static_cast<std::string**>(context.aggregate(0));
  if (text == nullptr || *text == nullptr) {
    context.text("[]");
    return;
  }
  **text += ']';
  context.text(**text);
  delete *text;
  *text = nullptr;
}

bool is_integer(TypeKind kind) {
  return kind == TypeKind::kInt2 || kind == TypeKind::kInt4 || kind == TypeKind::kInt8;
}

// hf_cast(types, v)
void cast(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  const auto& members = shape_of(arguments).members;
  const Type& from = *members[0].type;
  const Type& to = *members[1].type;
  std::string text;
  print_text(from, arguments[1], text);
  auto value = parse_text(to, text);
  if (value) return context.value(view(*value));
  Error error = std::move(value).error();
  if (error.code == "22003" && is_integer(from.kind)) error.message = to.base + " out of range";
  fail(context, error);
}

// hf_enum_position(types, v)
void enum_position(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  const auto& labels = shape_of(arguments).members[0].type->labels;
  const auto found = std::find(labels.begin(), labels.end(), text_of(arguments, 1));
  context.integer(found - labels.begin());
}

void like(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(0) || arguments.is_null(1)) return context.null();
  const auto matches = matches_like(text_of(arguments, 0), text_of(arguments, 1));
  if (matches) return context.boolean(*matches);
  fail(context, invalid_request("22025", "LIKE pattern must not end with escape character"));
}

void ilike(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(0) || arguments.is_null(1)) return context.null();
  const auto matches =
      matches_like(fold_case(text_of(arguments, 0)), fold_case(text_of(arguments, 1)));
  if (matches) return context.boolean(*matches);
  fail(context, invalid_request("22025", "LIKE pattern must not end with escape character"));
}

// Follows the path of keys (text) and indices (integers) from argument 1 on.
std::optional<std::string_view> follow(const Arguments& arguments) {
  std::optional<std::string_view> json = text_of(arguments, 0);
  for (int i = 1; json && i < arguments.size(); ++i) {
    const auto step = arguments[i];
    const auto* index = std::get_if<std::int64_t>(&step);
    json = index != nullptr ? json_element(*json, *index)
                            : json_member(*json, std::get<std::string_view>(step));
  }
  return json;
}

void json_value(FunctionContext& context, Arguments arguments) {
  const auto json = arguments.is_null(0) ? std::nullopt : follow(arguments);
  if (!json) return context.null();
  context.text(*json);
}

void json_as_text(FunctionContext& context, Arguments arguments) {
  const auto json = arguments.is_null(0) ? std::nullopt : follow(arguments);
  if (!json || *json == "null") return context.null();
  if (!json->starts_with('"')) return context.text(*json);
  context.text(decode_json_string(*json));
}

// hf_jsonb(types, v): to_jsonb()
void to_jsonb(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  std::string json;
  print_json(*shape_of(arguments).members[0].type, arguments[1], json);
  auto value = parse_text(make_type("jsonb"), json);
  if (!value) return fail(context, value.error());
  context.value(view(*value));
}

void comparable_jsonb(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(0)) return context.null();
  context.text(jsonb_key(text_of(arguments, 0)));
}

using Elements = std::vector<std::optional<std::string>>;

// The elements of both arrays; false when the result is NULL or an error already.
bool read_arrays(FunctionContext& context, const Arguments& arguments, Elements& a, Elements& b) {
  if (arguments.is_null(0) || arguments.is_null(1)) return context.null(), false;
  auto first = parse_array_literal(text_of(arguments, 0));
  auto second = parse_array_literal(text_of(arguments, 1));
  if (!first || !second) return fail(context, first ? second.error() : first.error()), false;
  a = std::move(first->elements);
  b = std::move(second->elements);
  return true;
}

// NULL elements are equal to nothing.
bool has(const Elements& all, const std::optional<std::string>& one) {
  return one && std::find(all.begin(), all.end(), one) != all.end();
}

void array_contains(FunctionContext& context, Arguments arguments) {
  Elements all;
  Elements some;
  if (!read_arrays(context, arguments, all, some)) return;
  context.boolean(
      std::all_of(some.begin(), some.end(), [&](const auto& one) { return has(all, one); }));
}

void array_overlaps(FunctionContext& context, Arguments arguments) {
  Elements all;
  Elements some;
  if (!read_arrays(context, arguments, all, some)) return;
  context.boolean(
      std::any_of(some.begin(), some.end(), [&](const auto& one) { return has(all, one); }));
}

constexpr ScalarFunction kScalars[] = {{"hf_object", -1, object},
                                       {"hf_fragment", -1, fragment},
                                       {"hf_cast", 2, cast},
                                       {"hf_enum_position", 2, enum_position},
                                       {"hf_like", 2, like},
                                       {"hf_ilike", 2, ilike},
                                       {"hf_json_value", -1, json_value},
                                       {"hf_json_text", -1, json_as_text},
                                       {"hf_jsonb", 2, to_jsonb},
                                       {"hf_jsonb_key", 1, comparable_jsonb},
                                       {"hf_array_contains", 2, array_contains},
                                       {"hf_array_overlaps", 2, array_overlaps}};

}  // namespace

void register_functions(Database& database) {
  register_value_functions(database);
  for (const auto& function : kScalars) database.define(function);
  database.define(AggregateFunction{"hf_rows", -1, add_row, finish_array});
  database.define(AggregateFunction{"hf_list", 2, add_value, finish_array});
}

}  // namespace holdfast::cache::query
