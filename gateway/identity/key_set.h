#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/crypto/signature_key.h"
#include "gateway/identity/jwt.h"

namespace holdfast::identity {

enum class KeyVerdict {
  kGood,     // signed by one of the keys
  kBad,      // names one of the keys, and was not signed by it
  kUnknown,  // names a key that is not here
};

// The public keys of one issuer, from a JWKS (RFC 7517).
//
// Each key verifies one algorithm, which follows from what it is: ES256 on P-256, RS256 for RSA.
// Others are left out, symmetric ones above all: what is published never verifies an HMAC.
// Immutable after construction.
class KeySet {
 public:
  KeySet() = default;
  // nullopt when the text is no JWKS.
  static std::optional<KeySet> parse(std::string_view text);

  // By the token's `kid` and `alg`; a token without `kid` may fit any key of its algorithm.
  // Thread-safe.
  KeyVerdict verify(const Jwt& jwt) const;

  bool empty() const { return keys_.empty(); }
  // Whether every key of `other` is here too, by name and content.
  bool includes(const KeySet& other) const;

 private:
  struct Key {
    std::string id;  // empty when the document names none
    std::string algorithm;
    std::string content;  // what tells two keys apart
    crypto::VerificationKey key;
  };

  std::vector<Key> keys_;
};

}  // namespace holdfast::identity
