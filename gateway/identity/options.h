#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "gateway/identity/key_source.h"

namespace holdfast::identity {

struct IdentityOptions {
  // The project's HS256 secret. Default empty: tokens are confirmed by the upstream instead.
  std::string jwt_secret;
  // The publishable or legacy anon key that apps send as `apikey`.
  std::string anon_key;
  // The secret or legacy service_role key; a request that brings it acts as the service role.
  std::string service_key;
  // Seconds after its `exp` for which a token still reads and queues while offline. Default 7 days.
  std::chrono::seconds offline_grace{std::chrono::hours(7 * 24)};
  // Seconds for which a session that was signed out still delivers what it wrote. Default 7 days.
  std::chrono::seconds deliver_after_logout{std::chrono::hours(7 * 24)};
  // Where third-party issuers publish the keys of their tokens (Clerk, Auth0, Firebase ...), each
  // in a form of parse_key_source(). Default none: only the upstream's own keys verify.
  std::vector<std::string> jwks_urls = {};
};

}  // namespace holdfast::identity
