#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/crypto/signature_key.h"
#include "gateway/identity/jwt.h"
#include "gateway/identity/sessions.h"

namespace holdfast::identity {

// The `iss` of the gateway's own tokens: no other key verifies a token that has it.
inline constexpr std::string_view kGatewayIssuer = "holdfast";

// Access tokens that this gateway signs itself, for sessions that must be refreshed while the
// upstream is away. They carry the session's last claims, are good here alone, and never go
// upstream (SessionUpstream).
// Immutable after construction. Thread-safe.
class GatewayTokens {
 public:
  // Takes the signing key from `sessions`, or makes one and keeps it there.
  explicit GatewayTokens(Sessions& sessions);

  std::string mint(const Session& session, Timestamp now, std::chrono::seconds lifetime) const;

  // Whether the token claims to be one of these. Nothing is verified.
  bool is_ours(std::string_view token) const;
  // The claims of one of these; PGRST301 when its signature is not this gateway's.
  Result<Claims> verify(std::string_view token) const;

  // The public key as a member of a JWKS (RFC 7517), JSON.
  std::string jwk() const;

 private:
  const crypto::SigningKey key_;
  const std::string key_id_;
  const std::string header_;  // encoded, with the dot after it
};

}  // namespace holdfast::identity
