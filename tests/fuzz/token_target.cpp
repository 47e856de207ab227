#include "gateway/identity/jwt.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {

// A payload that is no part of a token is read as well, since few inputs encode one.
void run_token(std::string_view input) {
  const auto jwt = identity::parse_jwt(input);
  if (jwt) {
    require(!identity::verify_hs256(*jwt, "a secret that no fuzzer knows"), "a forged token fails");
  } else {
    require_well_formed(jwt.error());
  }
  const auto claims = identity::read_claims(jwt ? std::string_view(jwt->payload) : input);
  if (!claims) require_well_formed(claims.error());
}

}  // namespace holdfast::fuzz
