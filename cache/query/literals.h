#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cache/catalog/type.h"
#include "cache/sqlite/value.h"
#include "gateway/base/result.h"

// How the texts of a request's filters become a statement's values. Free functions; thread-safe.
namespace holdfast::cache::query {

// What a literal of a request is in the statement, and so how it is read.
enum class LiteralUse : std::uint8_t {
  kOperand,   // a value of the type
  kEquality,  // the same, as equality is compared: its sort key where stored forms differ
  kPattern,   // of LIKE, with * for %
  kList,      // the values of in.(…) as one JSON array
};

// Errors are those of the type's input function; kForwardCode for a NUL character.
Result<Value> literal_value(LiteralUse use, const Type& type, const std::string& text);
// kList only.
Result<Value> literal_list(const Type& type, const std::vector<std::string>& texts);

// As many texts or integers as one JSON array; SQLite reads reals from JSON less exactly than they
// were written, so those are bound one by one.
std::string json_list(const std::vector<Value>& values);

}  // namespace holdfast::cache::query
