#pragma once

#include <string>
#include <string_view>

#include "cache/catalog/type.h"
#include "gateway/base/result.h"

// Arrays in Postgres' text form: {1,2}, {"a b",NULL}, {{1},{2}}, [0:1]={1,2}.
namespace holdfast::cache {

enum class ElementUse {
  kStored,   // with the column's length, precision and scale
  kOperand,  // compared with, to which those do not apply
};

// As array_in() reads it and array_out() prints it again, every element through its type.
// Errors: 22P02 "malformed array literal: …" with details, and those of the elements.
Result<std::string> parse_array(const Type& array, std::string_view text,
                                ElementUse use = ElementUse::kStored);

// From a JSON array, as json_populate_record() converts it: sub-arrays are dimensions.
// Errors: 22P02 "expected JSON array", "malformed JSON array", and those of the elements.
Result<std::string> parse_json_array(const Type& array, std::string_view json);

// Appends an array (in the form that parse_array() gives) as to_json() prints it.
void print_array_json(const Type& array, std::string_view text, std::string& out);

}  // namespace holdfast::cache
