#pragma once

#include <string>
#include <string_view>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"

namespace holdfast::identity {

inline constexpr std::string_view kSecret = "fake-secret-fake-secret-fake-secret";

inline std::string token_with(std::string_view header, std::string_view payload,
                              std::string_view secret = kSecret) {
  const auto input = crypto::base64url_encode(header) + "." + crypto::base64url_encode(payload);
  const auto mac = crypto::hmac_sha256(secret, input);
  return input + "." +
         crypto::base64url_encode({reinterpret_cast<const char*>(mac.data()), mac.size()});
}

inline const std::string kPublishableKey = "sb_publishable_fake";

// A token signed with HS256.
inline std::string hs256(std::string_view payload, std::string_view secret = kSecret) {
  return token_with(R"({"alg":"HS256","typ":"JWT"})", payload, secret);
}

}  // namespace holdfast::identity
