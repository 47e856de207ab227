#pragma once

#include <string_view>

namespace holdfast::cache {

// The text of catalog.sql, built in. Its parameter $1 is a text[] of schema names. Thread-safe.
std::string_view catalog_sql();

}  // namespace holdfast::cache
