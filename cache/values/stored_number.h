#pragma once

#include <cstdint>
#include <string>

#include "cache/catalog/type.h"
#include "cache/values/calendar.h"

// Kinds of numbers, and numbers of SQLite as their column's type prints them. Free functions;
// thread-safe.
namespace holdfast::cache {

// The longest that put_integer() writes.
inline constexpr std::size_t kLongestInteger = kLongestMoment;

bool is_integer(TypeKind kind);
bool is_moment(TypeKind kind);
bool is_float(TypeKind kind);

// Writes a number, or a moment in the type's zone, at `at` and returns its end; not for bool and
// floating point.
char* put_integer(const Type& type, std::int64_t value, DateForm form, char* at);

void print_real(const Type& type, double value, std::string& out);

}  // namespace holdfast::cache
