#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "gateway/base/result.h"
#include "gateway/http/request.h"

// What a target and a Range line say, whatever relation is asked for. Free functions; thread-safe.
namespace holdfast::routes {

// The first and the last row, counted from 0.
using RequestedRange = std::pair<std::int64_t, std::optional<std::int64_t>>;

// "0-9" or "0-" of a Range line, as the Rust and C# clients send it. Only GET has ranges (RFC 9110
// 14.2), and whatever has another form is no range.
std::optional<RequestedRange> parse_range(const http::Request& request);

// What PostgREST refuses before it looks for the relation: PGRST100 and its like, PGRST103.
Result<void> check_query(const http::Request& request);

// The query's number `name`, from 1 on, for surfaces of our own; nullopt where it has none. Errors:
// HF400.
Result<std::optional<std::int64_t>> positive_parameter(const http::Request& request,
                                                       const std::string& name);

}  // namespace holdfast::routes
