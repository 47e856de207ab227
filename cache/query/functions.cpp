#include "cache/values/functions.h"
#include "cache/query/aggregate_functions.h"
#include "cache/query/comparison_functions.h"
#include "cache/query/function_arguments.h"
#include "cache/query/json_text.h"
#include "cache/query/outcome_words.h"
#include "cache/query/patterns.h"
#include "cache/query/query.h"
#include "cache/query/regular_expression.h"
#include "cache/query/render.h"
#include "cache/query/resolve.h"
#include "cache/query/text_search.h"
#include "cache/values/cast.h"
#include "cache/values/codec.h"
#include "cache/values/json.h"
#include "cache/values/letter_case.h"
#include "cache/values/text_order.h"

namespace holdfast::cache::query {
namespace {

// Embeds are jsonb in PostgREST, which some texts of type json cannot become.
Result<void> check_members(const RowShape& shape, const Arguments& arguments) {
  if (!shape.holds_json) return {};
  for (std::size_t i = 0; i < shape.members.size(); ++i) {
    const Member& member = shape.members[i];
    const bool json = member.kind == Member::Kind::kValue && member.type->kind == TypeKind::kJson;
    if (json) HF_TRY_VOID(check_escapes(text_of(arguments, static_cast<int>(i) + 1)));
  }
  return {};
}

bool append_members(FunctionContext& context, const Arguments& arguments, TextBuilder& out) {
  const RowShape& shape = shape_of(arguments);
  if (const auto whole = check_members(shape, arguments); !whole) {
    fail(context, whole.error());
    return false;
  }
  render_members(
      shape, [&](int i) { return arguments[i + 1]; }, out);
  return true;
}

// hf_object(shape, v1, …): {"a":v1,…}
void object(FunctionContext& context, Arguments arguments) {
  TextBuilder out("{");
  if (!append_members(context, arguments, out)) return;
  out.append('}');
  context.text(out.view());
}

// hf_fragment(shape, v1, …): "a":v1,…
void fragment(FunctionContext& context, Arguments arguments) {
  TextBuilder out;
  if (!append_members(context, arguments, out)) return;
  context.text(out.view());
}

// The array that an aggregate is building; made at its first row.
TextBuilder& aggregate_text(FunctionContext& context) {
  // NOLINTNEXTLINE(bugprone-sizeof-expression): it is the pointer that is kept
  auto** text = static_cast<TextBuilder**>(context.aggregate(sizeof(TextBuilder*)));
  if (*text == nullptr) *text = new TextBuilder("[");
  return **text;
}

void begin_element(TextBuilder& out) {
  if (out.size() > 1) out.append(',');
}

// hf_rows(shape, v1, …): an array of objects
void add_row(FunctionContext& context, Arguments arguments) {
  TextBuilder& out = aggregate_text(context);
  begin_element(out);
  out.append('{');
  append_members(context, arguments, out);
  out.append('}');
}

// hf_list(shape, v): an array of values
void add_value(FunctionContext& context, Arguments arguments) {
  if (const auto whole = check_members(shape_of(arguments), arguments); !whole) {
    return fail(context, whole.error());
  }
  TextBuilder& out = aggregate_text(context);
  begin_element(out);
  render_value(shape_of(arguments).members[0], arguments[1], out);
}

void finish_array(FunctionContext& context) {
  auto** text = static_cast<TextBuilder**>(context.aggregate(0));
  if (text == nullptr || *text == nullptr) {
    context.text("[]");
    return;
  }
  (*text)->append(']');
  context.text((*text)->view());
  delete *text;
  *text = nullptr;
}

// hf_cast(types, v)
void cast(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  const auto& members = shape_of(arguments).members;
  const Type& from = *members[0].type;
  const Type& to = *members[1].type;
  const auto value = cast_value(from, to, arguments[1]);
  return value ? context.value(view(*value)) : fail(context, value.error());
}

void answer(FunctionContext& context, Like outcome) {
  if (outcome == Like::kTooLong) return fail(context, forward("a long match"));
  if (outcome != Like::kLoneEscape) return context.boolean(outcome == Like::kYes);
  fail(context, invalid_request("22025", "LIKE pattern must not end with escape character"));
}

void like(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(0) || arguments.is_null(1)) return context.null();
  answer(context, matches_like(text_of(arguments, 0), text_of(arguments, 1)));
}

// hf_ilike(text, pattern, collation)
void ilike(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(0) || arguments.is_null(1)) return context.null();
  const std::string_view collation = text_of(arguments, 2);
  answer(context, matches_like(fold_case(text_of(arguments, 0), collation),
                               fold_case(text_of(arguments, 1), collation)));
}

// hf_match(shape, v)
void match(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  const auto matches = shape_of(arguments).expression->matches(text_of(arguments, 1));
  if (matches) return context.boolean(*matches);
  fail(context, forward("a class of characters beyond ASCII, or a long match"));
}

// In jsonb a scalar is an array of one to an index; in json it is none.
enum class Scalars : std::uint8_t { kNoArrays, kArraysOfOne };

std::optional<std::string_view> element(std::string_view json, std::int64_t index,
                                        Scalars scalars) {
  const bool scalar = !json.starts_with('[') && !json.starts_with('{');
  if (!scalar || scalars == Scalars::kNoArrays) return json_element(json, index);
  return index == 0 || index == -1 ? std::optional(json) : std::nullopt;
}

// Follows the path of keys (text) and indices (integers) from argument 1 on.
std::optional<std::string_view> follow(const Arguments& arguments, Scalars scalars) {
  std::optional<std::string_view> json = text_of(arguments, 0);
  for (int i = 1; json && i < arguments.size(); ++i) {
    const auto step = arguments[i];
    const auto* index = std::get_if<std::int64_t>(&step);
    json = index != nullptr ? element(*json, *index, scalars)
                            : json_member(*json, std::get<std::string_view>(step));
  }
  return json;
}

// Whichever part is asked for, Postgres reads all of a json text.
template <Scalars scalars>
bool is_readable(FunctionContext& context, const Arguments& arguments) {
  if (scalars == Scalars::kArraysOfOne) return true;
  const auto whole = check_escapes(text_of(arguments, 0));
  if (!whole) fail(context, whole.error());
  return whole.has_value();
}

template <Scalars scalars>
void json_value(FunctionContext& context, Arguments arguments) {
  if (!is_readable<scalars>(context, arguments)) return;
  const auto json = arguments.is_null(0) ? std::nullopt : follow(arguments, scalars);
  if (!json) return context.null();
  context.text(*json);
}

template <Scalars scalars>
void json_as_text(FunctionContext& context, Arguments arguments) {
  if (!is_readable<scalars>(context, arguments)) return;
  const auto json = arguments.is_null(0) ? std::nullopt : follow(arguments, scalars);
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

constexpr ScalarFunction kScalars[] = {{"hf_object", -1, object},
                                       {"hf_fragment", -1, fragment},
                                       {"hf_cast", 2, cast},

                                       {"hf_like", 2, like},
                                       {"hf_match", 2, match},
                                       {"hf_ilike", 3, ilike},
                                       {"hf_json_value", -1, json_value<Scalars::kNoArrays>},
                                       {"hf_json_text", -1, json_as_text<Scalars::kNoArrays>},
                                       {"hf_jsonb_value", -1, json_value<Scalars::kArraysOfOne>},
                                       {"hf_jsonb_text", -1, json_as_text<Scalars::kArraysOfOne>},
                                       {"hf_jsonb", 2, to_jsonb}};

}  // namespace

void register_functions(Database& database) {
  register_value_functions(database);
  database.define_collations(make_text_collation);
  for (const auto& function : kScalars) database.define(function);
  register_comparisons(database);
  register_aggregates(database);
  register_text_search(database);
  database.define(AggregateFunction{"hf_rows", -1, add_row, finish_array});
  database.define(AggregateFunction{"hf_list", 2, add_value, finish_array});
}

}  // namespace holdfast::cache::query
