#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::crypto {

// A public key that verifies signatures of one JWA algorithm (RFC 7518 3.3 and 3.4).
// Immutable after construction.
class VerificationKey {
 public:
  // ES256: the coordinates of a point on P-256, 32 bytes each. nullopt when it is none.
  static std::optional<VerificationKey> es256(std::string_view x, std::string_view y);
  // RS256: modulus and exponent, big-endian. nullopt when they make no key of 2048 bits or more.
  static std::optional<VerificationKey> rs256(std::string_view modulus, std::string_view exponent);

  // Whether `signature` (ES256: r and s, 64 bytes) is this key's over `message`. Thread-safe.
  bool verifies(std::string_view message, std::string_view signature) const;

 private:
  struct State;
  explicit VerificationKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

// A private key on P-256 that signs as ES256.
// Immutable after construction.
class SigningKey {
 public:
  static SigningKey generate();
  // nullopt when the text holds no private key on P-256.
  static std::optional<SigningKey> from_pem(const std::string& text);

  // PKCS #8, not encrypted.
  std::string pem() const;
  // r and s, 64 bytes. Thread-safe.
  std::string sign(std::string_view message) const;
  // The public point's coordinates, 32 bytes each.
  std::string x() const;
  std::string y() const;

 private:
  struct State;
  explicit SigningKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}

  std::shared_ptr<const State> state_;
};

}  // namespace holdfast::crypto
