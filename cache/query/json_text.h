#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

// Parts of valid JSON text, without a tree. Free functions; thread-safe. Views borrow from their
// argument.
namespace holdfast::cache::query {

// The member's value; of a name that comes twice the last one. nullopt when there is none, or no
// object.
std::optional<std::string_view> json_member(std::string_view json, std::string_view name);

// The element; a negative index counts from the end. nullopt outside, or when there is no array.
std::optional<std::string_view> json_element(std::string_view json, std::int64_t index);

// What Postgres says of escapes in a text of type json that stand for no text: it meets them where
// it takes the text apart or makes jsonb of it. Errors: 22P05 for \\u0000, 22P02 for half a
// surrogate.
Result<void> check_escapes(std::string_view json);

// The value without object members that are null, on every level.
std::string strip_nulls(std::string_view json);

}  // namespace holdfast::cache::query
