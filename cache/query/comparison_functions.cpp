#include "cache/query/comparison_functions.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "cache/query/function_arguments.h"
#include "cache/query/resolve.h"
#include "cache/values/array_literal.h"
#include "cache/values/codec.h"
#include "cache/values/jsonb_tree.h"
#include "cache/values/range.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache::query {
namespace {

// hf_key(types, v)
void key(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1)) return context.null();
  context.text(sort_key(type_of(arguments), arguments[1]));
}

bool may_hold_strings(const Type& type) {
  return type.kind == TypeKind::kJsonb ||
         (type.kind == TypeKind::kArray && may_hold_strings(*type.element));
}

// The same, for an order in which strings are not in byte order.
void key_without_strings(FunctionContext& context, Arguments arguments) {
  const bool strings = may_hold_strings(type_of(arguments)) &&
                       text_of(arguments, 1).find('"') != std::string_view::npos;
  if (strings) return fail(context, forward("order of strings in jsonb"));
  key(context, arguments);
}

template <bool (*kHolds)(const RangeKey&, const RangeKey&)>
void compare_ranges(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1) || arguments.is_null(2)) return context.null();
  const Type& type = type_of(arguments);
  context.boolean(
      kHolds(range_key(type, text_of(arguments, 1)), range_key(type, text_of(arguments, 2))));
}

// Sort keys; nullopt is NULL, which is equal to nothing.
using Elements = std::vector<std::optional<std::string>>;

Elements elements_of(const Type& element, std::string_view text) {
  Elements keys;
  const auto array = parse_array_literal(text);
  if (!array) return keys;
  for (const auto& each : array->elements) {
    auto& added = keys.emplace_back();
    if (!each) continue;
    const auto value = parse_text(element, *each);
    if (value) added = sort_key(element, view(*value));
  }
  return keys;
}

bool has(const Elements& all, const std::optional<std::string>& one) {
  return one && std::find(all.begin(), all.end(), one) != all.end();
}

bool has_all(const Elements& all, const Elements& some) {
  return std::all_of(some.begin(), some.end(), [&](const auto& one) { return has(all, one); });
}

bool has_any(const Elements& all, const Elements& some) {
  return std::any_of(some.begin(), some.end(), [&](const auto& one) { return has(all, one); });
}

template <bool (*kHolds)(const Elements&, const Elements&)>
void compare_arrays(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(1) || arguments.is_null(2)) return context.null();
  const Type& element = *type_of(arguments).element;
  context.boolean(kHolds(elements_of(element, text_of(arguments, 1)),
                         elements_of(element, text_of(arguments, 2))));
}

// hf_jsonb_contains(whole, part)
void jsonb_containment(FunctionContext& context, Arguments arguments) {
  if (arguments.is_null(0) || arguments.is_null(1)) return context.null();
  context.boolean(jsonb_contains(text_of(arguments, 0), text_of(arguments, 1)));
}

constexpr ScalarFunction kComparisons[] = {
    {"hf_key", 2, key},
    {"hf_key_without_strings", 2, key_without_strings},
    {"hf_range_contains", 3, compare_ranges<contains>},
    {"hf_range_overlaps", 3, compare_ranges<overlaps>},
    {"hf_range_left_of", 3, compare_ranges<is_left_of>},
    {"hf_range_not_right_of", 3, compare_ranges<does_not_extend_right_of>},
    {"hf_range_not_left_of", 3, compare_ranges<does_not_extend_left_of>},
    {"hf_range_adjacent", 3, compare_ranges<is_adjacent>},
    {"hf_array_contains", 3, compare_arrays<has_all>},
    {"hf_array_overlaps", 3, compare_arrays<has_any>},
    {"hf_jsonb_contains", 2, jsonb_containment}};

}  // namespace

void register_comparisons(Database& database) {
  for (const auto& function : kComparisons) database.define(function);
}

}  // namespace holdfast::cache::query
