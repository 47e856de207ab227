#pragma once

#include <string>
#include <string_view>

// Lower and upper case as Postgres has them. `collation` is Column::letters ("C"), else
// Column::collation; what is not known is taken for C.UTF-8. Thread-safe.
namespace holdfast::cache {

// lower(text): in the locale C of ASCII letters alone, with ICU by the rules of its language, else
// character by character.
std::string fold_case(std::string_view text, std::string_view collation);

// Whether only ASCII letters have cases.
bool is_ascii_cased(std::string_view collation);

// Of one character as towlower() and towupper() have it in C.UTF-8, and ICU as well.
char32_t lower_case(char32_t c);
char32_t upper_case(char32_t c);

}  // namespace holdfast::cache
