#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast {

// What a caller can do about an outcome that is not success. Faults (disk, corruption, bugs) are
// exceptions instead.
enum class ErrorKind {
  kInvalidRequest,       // the request can never succeed as it is
  kUnauthorized,         // no or bad credentials, or not permitted
  kNotFound,             // no such table, function, path
  kConflict,             // a constraint or a concurrent change stands against it
  kUpstreamUnavailable,  // the upstream gave no HTTP answer
  kUpstreamRejected,     // the upstream answered with an error
  kNotAnswerable,        // right in itself, but this gateway cannot answer it here and now
};

// An outcome in PostgREST's words: the four keys of its error body.
// `code` is a PGRSTxxx code, a SQLSTATE or HFxxx; routes/error_response turns it into a status.
struct Error {
  ErrorKind kind = ErrorKind::kInvalidRequest;
  std::string code;
  std::string message;
  std::optional<std::string> details;
  std::optional<std::string> hint;
  // True when `details` is JSON text (PGRST201 lists its candidates so), not a string.
  bool details_are_json = false;
  // How many rows there are, when a range was asked for that lies beyond them (PGRST103).
  std::optional<std::int64_t> total_rows = std::nullopt;

  friend bool operator==(const Error&, const Error&) = default;
};

// Shorthands for the frequent kinds.
Error invalid_request(std::string code, std::string message,
                      std::optional<std::string> details = std::nullopt,
                      std::optional<std::string> hint = std::nullopt);
Error unauthorized(std::string code, std::string message);
Error upstream_unavailable(std::string message);

// "unavailable: upstream refused the connection" and the like, for logs.
std::string describe(const Error& error);

}  // namespace holdfast
