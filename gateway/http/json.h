#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

// JSON that comes from a peer, and goes to one. Thread-safe.
namespace holdfast::http {

// Copying and printing a value take a piece of the stack for each of its levels. A column's value
// has at most a thousand (cache/values), a row or a message some more.
constexpr int kDeepestJson = 1'100;

// Discarded (is_discarded()) where the text is no JSON, or is nested deeper than that.
nlohmann::json parse_json(std::string_view text);
nlohmann::ordered_json parse_ordered_json(std::string_view text);  // members in their order

// In one line; bytes that are no UTF-8 become U+FFFD.
std::string print_json(const nlohmann::json& value);

}  // namespace holdfast::http
