#pragma once

#include <functional>
#include <optional>
#include <string>

#include "gateway/http/headers.h"
#include "gateway/http/principal.h"

namespace holdfast::upstream {

// What authorises a call: the project's key, and the principal's token where it has one.
struct Credentials {
  std::string api_key;
  std::string bearer;  // empty: the key is the bearer too, as Supabase's clients send it
};

// The credentials to send something for `principal` with now; nullopt while it has no valid token.
// Thread-safe.
using CredentialSource = std::function<std::optional<Credentials>(const http::Principal&)>;

inline void add_credentials(const Credentials& credentials, http::Headers& headers) {
  headers.set("apikey", credentials.api_key);
  headers.set("Authorization", "Bearer " + (credentials.bearer.empty() ? credentials.api_key
                                                                       : credentials.bearer));
}

}  // namespace holdfast::upstream
