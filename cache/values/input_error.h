#pragma once

#include <string>
#include <string_view>

#include "gateway/base/error.h"

// Errors in the words of Postgres' input functions.
namespace holdfast::cache {

// 22P02 invalid input syntax for type integer: "x"
Error invalid_syntax(std::string_view type, std::string_view text);
// 22003 value "99999999999" is out of range for type integer
Error value_out_of_range(std::string_view type, std::string_view text);
// The text has a meaning that only the database can give it (kForwardCode of codec.h).
Error only_upstream(std::string_view why);

}  // namespace holdfast::cache
