#pragma once

#include <string_view>

namespace holdfast::cache::fulltext {

// Whether a language's Snowball stop words, as PostgreSQL 15 ships them, hold `word` (lower case).
// A language without a list has none.
bool is_stop_word(std::string_view language, std::string_view word);

}  // namespace holdfast::cache::fulltext
