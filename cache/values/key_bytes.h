#pragma once

#include <cstdint>
#include <string>
#include <string_view>

// Byte strings that order as the values they stand for; none is a prefix of another one.
// Free functions; thread-safe.
namespace holdfast::cache {

void append_big_endian(std::uint64_t bits, std::string& out);
void append_integer_key(std::int64_t value, std::string& out);
// Of digits as parse_numeric() prints them, NaN and the infinities included.
void append_numeric_key(std::string_view digits, std::string& out);

}  // namespace holdfast::cache
