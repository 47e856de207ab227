#pragma once

#include <string_view>

#include "cache/query/outcome_words.h"
#include "cache/query/shape.h"
#include "cache/sqlite/function.h"

// What SQL functions of plans read from their arguments. Free functions; thread-safe.
namespace holdfast::cache::query {

// The first argument.
inline const RowShape& shape_of(const Arguments& arguments) {
  return *static_cast<const RowShape*>(arguments.pointer(0, kShapePointer));
}

inline const Type& type_of(const Arguments& arguments) {
  return *shape_of(arguments).members[0].type;
}

// Empty when it is no text; valid during the call.
inline std::string_view text_of(const Arguments& arguments, int index) {
  const auto value = arguments[index];
  const auto* text = std::get_if<std::string_view>(&value);
  return text == nullptr ? std::string_view() : *text;
}

inline void fail(FunctionContext& context, const Error& error) {
  context.fail(encode_outcome(error));
}

}  // namespace holdfast::cache::query
