#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

// Characters and UTF-8, as the input functions of Postgres see them; no locale is asked.
namespace holdfast::cache {

inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
// ASCII only.
inline char to_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string to_lower(std::string_view text);
bool equals_ignoring_case(std::string_view text, std::string_view lower_case);

// Without white space at both ends.
std::string_view trim(std::string_view text);

inline constexpr std::string_view kHexDigits = "0123456789abcdef";
// -1 when it is no hexadecimal digit.
int hex_value(char c);

// 22021 unless it is UTF-8 without a NUL byte.
Result<void> check_utf8(std::string_view text);
// Every byte that is no part of a well-formed sequence becomes U+FFFD; NUL stays.
std::string mend_utf8(std::string text);
// Of valid UTF-8.
std::size_t count_characters(std::string_view text);
// The first `count` characters of valid UTF-8.
std::string_view first_characters(std::string_view text, std::size_t count);

void append_utf8(char32_t character, std::string& out);

}  // namespace holdfast::cache
