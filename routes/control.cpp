#include "routes/control.h"

#include "gateway/crypto/digest.h"
#include "routes/error_response.h"

namespace holdfast::routes {

bool same_origin(const http::Request& request) {
  // Browsers say it, pages cannot: a page of another port is same-site, but no page of ours.
  const auto site = request.headers.find("Sec-Fetch-Site");
  if (site && *site != "same-origin" && *site != "none") return false;
  const auto origin = request.headers.find("Origin");
  if (!origin) return true;
  const auto host = request.headers.find("Host");
  const std::string scheme = request.secure ? "https://" : "http://";
  return host && http::equals_ignoring_case(*origin, scheme + std::string(*host));
}

std::optional<http::Response> ControlAccess::refuse(const http::Request& request) const {
  if (!request.from_loopback || !same_origin(request)) {
    return error_response({ErrorKind::kUnauthorized, "HF403",
                           "The control surface is for this machine and its own pages only",
                           std::nullopt, std::nullopt});
  }
  const auto authorization = request.headers.find("Authorization");
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization && authorization->size() > kScheme.size() &&
      http::equals_ignoring_case(authorization->substr(0, kScheme.size()), kScheme) &&
      crypto::constant_time_equal(authorization->substr(kScheme.size()), token_)) {
    return std::nullopt;
  }
  auto response = error_response(
      {ErrorKind::kUnauthorized, "HF401", "This needs the control token", std::nullopt,
       "Send it as Authorization: Bearer; it is in the data folder's file control_token."});
  response.headers.set("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace holdfast::routes
