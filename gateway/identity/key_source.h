#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::identity {

// Where a third-party issuer publishes the keys of its tokens.
struct KeySource {
  std::string issuer;  // the `iss` of its tokens, without a slash at the end
  std::string url;
};

// An entry of [auth] jwks_urls: "URL" of the usual place below the issuer, ISSUER plus
// /.well-known/jwks.json, or "ISSUER URL" for any other place. nullopt for another text, and for
// an address that keys can be forged on the way from: plain http beyond this machine.
std::optional<KeySource> parse_key_source(std::string_view text);

// An issuer as it is compared: without a slash at its end, which some write and some do not.
std::string_view plain_issuer(std::string_view issuer);

}  // namespace holdfast::identity
