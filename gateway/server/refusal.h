#pragma once

#include <string_view>

#include "gateway/http/response.h"

namespace holdfast::server {

// Why a request is not given to the handler. `message` is a literal without characters that JSON
// escapes.
struct Refusal {
  int status = 400;
  std::string_view message;
};

// The answer in Supabase's four-key error form, code "HF" and the status.
http::Response to_response(const Refusal& refusal);

// 500, for a handler that threw, gave nothing back or gave nonsense; the log says which.
http::Response failure_response();

}  // namespace holdfast::server
