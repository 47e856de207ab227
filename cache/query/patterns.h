#pragma once

#include <optional>
#include <string>
#include <string_view>

// Postgres' LIKE and ILIKE. Free functions; thread-safe.
namespace holdfast::cache::query {

// Whether the UTF-8 text matches: % any text, _ one character, \ takes the next one as it is.
// nullopt when the pattern ends in a lone backslash.
std::optional<bool> matches_like(std::string_view text, std::string_view pattern);

// Every character in lower case as locale C.UTF-8 has it.
std::string fold_case(std::string_view text);

}  // namespace holdfast::cache::query
