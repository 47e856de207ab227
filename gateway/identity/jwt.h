#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/http/principal.h"

namespace holdfast::identity {

// The functions here judge tokens as PostgREST does, and refuse them in its words: PGRST301 for
// what cannot be decoded, PGRST303 for what its claims rule out.

// A token in the JWS compact form, taken apart but not verified.
struct Jwt {
  std::string_view signing_input;  // header and payload as they came, part of the token's text
  std::string algorithm;
  std::string key_id;  // `kid`; empty without one
  std::string payload;
  std::string signature;
};

// Views into `token`, which must outlive the result.
Result<Jwt> parse_jwt(std::string_view token);

// Whether the signature is HMAC-SHA-256 under `secret`. Only for tokens that claim HS256: a key
// belongs to one algorithm.
Result<void> verify_hs256(const Jwt& jwt, std::string_view secret);

// What the claims of a token say.
struct Claims {
  http::Principal principal;
  std::optional<Timestamp> expires;
  std::optional<Timestamp> not_before;
  std::optional<Timestamp> issued;
  std::string session_id;  // Supabase Auth's; empty without one
  std::string issuer;      // `iss`; empty without one
  // A hash of what policies can see of the token: equal over a person's tokens until somebody
  // changes its rights or its profile (hard case 1).
  std::string epoch;
};

// Reads the payload of a token; the caller says whether it is to be believed.
Result<Claims> read_claims(std::string_view payload);

// Whose rows a person means: "anon", "service", or the claims of a token as JSON.
Result<http::Principal> principal_named(std::string_view text);

// How far apart clocks may be: PostgREST's allowedSkewSeconds.
inline constexpr std::chrono::seconds kAllowedSkew{30};

// Not before its time, by the allowed skew. Expiry is apart, because
// offline it is forgiven.
Result<void> check_begun(const Claims& claims, Timestamp now);
bool expired(const Claims& claims, Timestamp now);

// The refusals that are given elsewhere too.
Error token_refused(std::string message, std::optional<std::string> details = std::nullopt);
Error wrong_key();
Error token_expired();

}  // namespace holdfast::identity
