#include "gateway/base/error.h"

namespace holdfast {

Error invalid_request(std::string code, std::string message, std::optional<std::string> details,
                      std::optional<std::string> hint) {
  return {ErrorKind::kInvalidRequest, std::move(code), std::move(message), std::move(details),
          std::move(hint)};
}

Error unauthorized(std::string code, std::string message) {
  return {ErrorKind::kUnauthorized, std::move(code), std::move(message), std::nullopt,
          std::nullopt};
}

Error upstream_unavailable(std::string message) {
  return {ErrorKind::kUpstreamUnavailable, "HF504", std::move(message), std::nullopt, std::nullopt};
}

std::string describe(const Error& error) { return error.code + ": " + error.message; }

}  // namespace holdfast
