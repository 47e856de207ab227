#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cache/sqlite/database.h"
#include "cache/sqlite/value.h"

namespace holdfast::cache {

// Single facts of a principal's file, by name (hf_meta). What changes them is in a Transaction.
void put_meta(Database& database, std::string_view name, const Value& value);
void forget_meta(Database& database, std::string_view name);

// nullopt: it is not known.
std::optional<std::int64_t> meta_number(Database& database, std::string_view name);
std::optional<std::string> meta_text(Database& database, std::string_view name);

}  // namespace holdfast::cache
