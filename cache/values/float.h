#pragma once

#include <string>
#include <string_view>

#include "gateway/base/result.h"

// Postgres' real and double precision.
namespace holdfast::cache {

// As float8in(), float4in() read: 22P02, 22003 `"1e400" is out of range for type double precision`.
Result<double> parse_float8(std::string_view text);
Result<float> parse_float4(std::string_view text);

// The shortest digits that read back as the same value, as float8out(), float4out() print them.
void print_float8(double value, std::string& out);
void print_float4(float value, std::string& out);

}  // namespace holdfast::cache
