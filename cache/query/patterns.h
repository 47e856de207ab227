#pragma once

#include <optional>
#include <string_view>

// Postgres' LIKE. Free functions; thread-safe.
namespace holdfast::cache::query {

// Whether the UTF-8 text matches: % any text, _ one character, \ takes the next one as it is.
// nullopt where Postgres comes to a lone backslash at the pattern's end: 22025.
std::optional<bool> matches_like(std::string_view text, std::string_view pattern);

}  // namespace holdfast::cache::query
