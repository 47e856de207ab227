#pragma once

#include <optional>
#include <string>

#include "gateway/http/request.h"
#include "gateway/http/response.h"

namespace holdfast::routes {

// Whether no page of another origin made the request: the Origin, if any, is its own Host.
bool same_origin(const http::Request& request);

// Who may use the control surface: whoever knows the control token, from this machine, and no page
// of another origin.
// Immutable after construction.
class ControlAccess {
 public:
  explicit ControlAccess(std::string token) : token_(std::move(token)) {}

  // nullopt when the request may pass, else its refusal (401 or 403).
  std::optional<http::Response> refuse(const http::Request& request) const;
  bool allows(const http::Request& request) const { return !refuse(request); }

 private:
  const std::string token_;
};

}  // namespace holdfast::routes
