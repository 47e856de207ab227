#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::cache::fulltext {

struct Character {
  char32_t point;
  std::size_t offset;  // in bytes
};

// A malformed byte is a character of its own.
std::vector<Character> characters_of(std::string_view text);

bool is_ascii_letter(char32_t c);
bool is_digit(char32_t c);  // 0 to 9
bool is_letter(char32_t c);
bool is_alphanumeric(char32_t c);
// It may continue a word although it is no letter: Postgres decides by its own tables.
bool may_join(char32_t c);
bool is_space(char32_t c);

// As lower() in the C.UTF-8 locale.
std::string lowered(std::string_view text);

}  // namespace holdfast::cache::fulltext
