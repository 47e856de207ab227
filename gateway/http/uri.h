#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

// Percent-decoding (RFC 3986 2.1). A '%' without two hex digits stays as it is, as WAI keeps it.
std::string percent_decode(std::string_view text);
// The same for a query: '+' is a space too (WHATWG URL, application/x-www-form-urlencoded).
std::string query_decode(std::string_view text);
// Encodes all but unreserved characters (RFC 3986 2.3), for a query component or path segment.
std::string percent_encode(std::string_view text);

// Decoded name=value pairs in order, duplicates kept; a part without '=' has an empty value.
std::vector<std::pair<std::string, std::string>> parse_query(std::string_view raw_query);
// The first value of that name; empty when there is none.
std::string query_parameter(std::string_view raw_query, std::string_view name);

// The query with other values, encoded, where `replace` gives any for a decoded one; nullopt when
// it gives none.
std::optional<std::string> replace_values(
    std::string_view raw_query,
    const std::function<std::optional<std::string>(const std::string& value)>& replace);

}  // namespace holdfast::http
