#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "cache/catalog/type.h"
#include "gateway/base/result.h"

// Input functions of the types that need no arithmetic of their own.
namespace holdfast::cache {

// smallint, integer, bigint and oid. 22P02, 22003.
Result<std::int64_t> parse_integer(const Type& type, std::string_view text);
// t, true, y, yes, on, 1 and their opposites, also shortened. 22P02.
Result<bool> parse_bool(std::string_view text);
// Any case, with braces, with a hyphen after any group of four digits. 22P02.
Result<std::string> parse_uuid(std::string_view text);
// 22P02 invalid input value for enum mood: "x"
Result<std::string> parse_enum(const Type& type, std::string_view text);
// \x and hexadecimal digits, or the escape format; the result is the former. 22P02, 22023.
Result<std::string> parse_bytea(std::string_view text);
// Without a modifier: checks UTF-8 (22021), shortens a name to its 63 bytes.
Result<std::string> parse_characters(const Type& type, std::string_view text);
// Applies the declared length: 22001 "value too long for type character varying(5)", but trailing
// blanks may be cut off; character(n) is padded.
Result<std::string> fit_length(const Type& type, std::string text);

}  // namespace holdfast::cache
