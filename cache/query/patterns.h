#pragma once

#include <string_view>

// Postgres' LIKE. Free functions; thread-safe.
namespace holdfast::cache::query {

enum class Like {
  kNo,
  kYes,
  kLoneEscape,  // Postgres comes to a backslash at the pattern's end: 22025
  kTooLong,     // to be found out in a moment
};

// Whether the UTF-8 text matches: % any text, _ one character, \ takes the next one as it is.
Like matches_like(std::string_view text, std::string_view pattern);

}  // namespace holdfast::cache::query
