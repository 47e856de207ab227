#pragma once

#include <optional>
#include <string>

#include "gateway/http/headers.h"
#include "gateway/http/principal.h"

namespace holdfast::upstream {

// What authorises a call: the project's key, and the principal's token where it has one.
struct Credentials {
  std::string api_key;
  std::string bearer;  // empty: the key is the bearer too, as Supabase's clients send it
  // Whom they are for now: the database role and the verified claims, JSON. Empty: not known.
  std::string role = {};
  std::string claims = {};
};

// Knows the newest valid credentials of each principal.
// Thread-safe.
class CredentialSource {
 public:
  virtual ~CredentialSource() = default;
  // nullopt while the principal has no valid token: nothing can be sent for it.
  virtual std::optional<Credentials> credentials_for(const http::Principal& principal) = 0;
  // The upstream refused these; they are not given out again.
  virtual void refuse(const http::Principal& principal, const Credentials& credentials) = 0;
};

inline void add_credentials(const Credentials& credentials, http::Headers& headers) {
  headers.set("apikey", credentials.api_key);
  headers.set("Authorization",
              "Bearer " + (credentials.bearer.empty() ? credentials.api_key : credentials.bearer));
}

}  // namespace holdfast::upstream
