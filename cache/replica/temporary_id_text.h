#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>

// Where temporary ids stand in texts: JSON, filters' values, forms, CSV. Pure functions.
namespace holdfast::cache {

// They are this one and smaller: an integer has room for them, and apps have hardly any use.
// (Degrees in ten-millionths end before.)
inline constexpr std::int64_t kFirstTemporaryId = -1'800'000'001;

// Whether a number stands by itself in `text` that may be one.
bool may_have_temporary_id(std::string_view text);

// `text` with other numbers in the place of those for which `replace` gives any; nullopt when it
// gives none.
std::optional<std::string> replace_temporary_ids(
    std::string_view text,
    const std::function<std::optional<std::int64_t>(std::int64_t id)>& replace);
// The same by a list; `text` itself when it has none of them.
std::string replace_ids(const std::map<std::int64_t, std::int64_t>& real, std::string_view text);

}  // namespace holdfast::cache
