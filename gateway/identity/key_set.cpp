#include "gateway/identity/key_set.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/crypto/base64.h"

namespace holdfast::identity {
namespace {

using crypto::VerificationKey;
using nlohmann::json;

// Issuers publish a handful; a token without `kid` costs one verification of each.
constexpr std::size_t kMostKeys = 32;
constexpr std::size_t kMostBytes = 256 * 1024;

std::string text_member(const json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

std::string bytes_member(const json& object, const char* name) {
  return crypto::base64url_decode(text_member(object, name)).value_or("");
}

// The algorithm that a key of this kind verifies; empty for those that are not used here.
std::string algorithm_of(const json& jwk) {
  const std::string kind = text_member(jwk, "kty");
  const bool p256 = kind == "EC" && text_member(jwk, "crv") == "P-256";
  const std::string algorithm = p256 ? "ES256" : kind == "RSA" ? "RS256" : "";
  const std::string declared = text_member(jwk, "alg");
  const std::string use = text_member(jwk, "use");
  const bool fits = (declared.empty() || declared == algorithm) && (use.empty() || use == "sig");
  return fits ? algorithm : "";
}

std::optional<VerificationKey> key_of(const json& jwk, const std::string& algorithm) {
  if (algorithm == "ES256") {
    return VerificationKey::es256(bytes_member(jwk, "x"), bytes_member(jwk, "y"));
  }
  return VerificationKey::rs256(bytes_member(jwk, "n"), bytes_member(jwk, "e"));
}

}  // namespace

std::optional<KeySet> KeySet::parse(std::string_view text) {
  if (text.size() > kMostBytes) return std::nullopt;
  const auto document = json::parse(text, nullptr, false);
  if (!document.is_object()) return std::nullopt;
  const auto keys = document.find("keys");
  if (keys == document.end() || !keys->is_array()) return std::nullopt;
  KeySet set;
  for (const auto& jwk : *keys) {
    if (!jwk.is_object() || set.keys_.size() >= kMostKeys) continue;
    std::string algorithm = algorithm_of(jwk);
    if (algorithm.empty()) continue;
    auto key = key_of(jwk, algorithm);
    if (!key) continue;
    const char* content = algorithm == "ES256" ? "x" : "n";
    set.keys_.push_back({text_member(jwk, "kid"), std::move(algorithm), text_member(jwk, content),
                         *std::move(key)});
  }
  return set;
}

KeyVerdict KeySet::verify(const Jwt& jwt) const {
  bool named = false;
  for (const Key& key : keys_) {
    if (key.algorithm != jwt.algorithm) continue;
    const bool meant = jwt.key_id.empty() || key.id == jwt.key_id;
    if (!meant && !key.id.empty()) continue;
    if (key.key.verifies(jwt.signing_input, jwt.signature)) return KeyVerdict::kGood;
    named = named || meant;
  }
  return named ? KeyVerdict::kBad : KeyVerdict::kUnknown;
}

bool KeySet::includes(const KeySet& other) const {
  return std::all_of(other.keys_.begin(), other.keys_.end(), [&](const Key& theirs) {
    return std::any_of(keys_.begin(), keys_.end(), [&](const Key& ours) {
      return ours.id == theirs.id && ours.algorithm == theirs.algorithm &&
             ours.content == theirs.content;
    });
  });
}

}  // namespace holdfast::identity
