#include "routes/profile.h"

#include <algorithm>

namespace holdfast::routes {
namespace {

std::optional<std::string_view> named_profile(const http::Request& request) {
  return request.headers.find(is_write(request) ? "Content-Profile" : "Accept-Profile");
}

}  // namespace

bool is_read(const http::Request& request) {
  return request.method == "GET" || request.method == "HEAD";
}

bool is_write(const http::Request& request) {
  return request.method == "POST" || request.method == "PATCH" || request.method == "PUT" ||
         request.method == "DELETE";
}

Error unsupported_method(const http::Request& request) {
  return {ErrorKind::kInvalidRequest, "PGRST117", "Unsupported HTTP method: " + request.method,
          std::nullopt, std::nullopt};
}

Result<std::string> schema_of(const http::Request& request,
                              const std::vector<std::string>& schemas) {
  const auto profile = named_profile(request);
  if (!profile) return schemas.front();
  if (std::ranges::find(schemas, *profile) != schemas.end()) return std::string(*profile);
  std::string names;
  for (const auto& schema : schemas) names += (names.empty() ? "" : ", ") + schema;
  return invalid_request("PGRST106", "Invalid schema: " + std::string(*profile), std::nullopt,
                         "Only the following schemas are exposed: " + names);
}

std::optional<std::string> answered_profile(const http::Request& request,
                                            const std::vector<std::string>& schemas) {
  const auto profile = named_profile(request);
  if (profile) return std::string(*profile);
  return schemas.size() > 1 ? std::optional(schemas.front()) : std::nullopt;
}

}  // namespace holdfast::routes
