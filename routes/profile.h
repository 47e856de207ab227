#pragma once

#include <optional>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/http/request.h"

namespace holdfast::routes {

// The schema that a request speaks of: Accept-Profile, or Content-Profile of a writing method, else
// the default. PGRST106 when it is not one of `schemas`, the served ones, the default one first.
Result<std::string> schema_of(const http::Request& request,
                              const std::vector<std::string>& schemas);

// Content-Profile of an answer that has rows: the schema, where the request names one or there are
// several.
std::optional<std::string> answered_profile(const http::Request& request,
                                            const std::vector<std::string>& schemas);

// PGRST117 for a method that a table or the root does not have.
Error unsupported_method(const http::Request& request);

bool is_read(const http::Request& request);   // GET, HEAD
bool is_write(const http::Request& request);  // POST, PATCH, PUT, DELETE

}  // namespace holdfast::routes
