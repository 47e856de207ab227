#include "gateway/identity/gateway_tokens.h"

#include <nlohmann/json.hpp>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "gateway/http/json.h"

namespace holdfast::identity {
namespace {

using nlohmann::json;

constexpr std::string_view kSecretName = "signing_key";

crypto::SigningKey kept_key(Sessions& sessions) {
  if (const auto kept = sessions.secret(kSecretName)) {
    if (auto key = crypto::SigningKey::from_pem(*kept)) return *std::move(key);
  }
  auto key = crypto::SigningKey::generate();
  sessions.keep_secret(kSecretName, key.pem());
  return key;
}

std::string key_id(const crypto::SigningKey& key) {
  return "holdfast-" + crypto::sha256_hex(key.x() + key.y()).substr(0, 16);
}

std::string encoded_header(const std::string& key_id) {
  const json header = {{"alg", "ES256"}, {"kid", key_id}, {"typ", "JWT"}};
  return crypto::base64url_encode(header.dump()) + ".";
}

}  // namespace

GatewayTokens::GatewayTokens(Sessions& sessions)
    : key_(kept_key(sessions)), key_id_(key_id(key_)), header_(encoded_header(key_id_)) {}

std::string GatewayTokens::mint(const Session& session, Timestamp now,
                                std::chrono::seconds lifetime) const {
  const auto last = parse_jwt(session.access_token);
  json claims = last ? http::parse_json(last->payload) : json();
  if (!claims.is_object()) claims = json::object();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  claims["iss"] = kGatewayIssuer;
  claims["iat"] = seconds;
  claims["exp"] = seconds + lifetime.count();
  claims["session_id"] = session.id;
  const std::string input = header_ + crypto::base64url_encode(claims.dump());
  return input + "." + crypto::base64url_encode(key_.sign(input));
}

bool GatewayTokens::is_ours(std::string_view token) const { return token.starts_with(header_); }

Result<Claims> GatewayTokens::verify(std::string_view token) const {
  HF_TRY(const auto jwt, parse_jwt(token));
  const auto key = crypto::VerificationKey::es256(key_.x(), key_.y());
  if (!is_ours(token) || !key->verifies(jwt.signing_input, jwt.signature)) return wrong_key();
  return read_claims(jwt.payload);
}

std::string GatewayTokens::jwk() const {
  return json{{"kty", "EC"},
              {"crv", "P-256"},
              {"alg", "ES256"},
              {"use", "sig"},
              {"kid", key_id_},
              {"x", crypto::base64url_encode(key_.x())},
              {"y", crypto::base64url_encode(key_.y())}}
      .dump();
}

}  // namespace holdfast::identity
