#include "gateway/identity/jwt.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "gateway/crypto/base64.h"
#include "gateway/crypto/digest.h"
#include "gateway/http/json.h"

namespace holdfast::identity {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// 9999-12-31: what lies beyond is as good as never, and would overflow in microseconds.
constexpr double kLastSecond = 253'402'300'799.0;

Error claims_refused(std::string message) { return unauthorized("PGRST303", std::move(message)); }

Error undecodable() { return token_refused("JWT cryptographic operation failed"); }

std::optional<json> parse_object(std::string_view text) {
  auto value = http::parse_json(text);
  if (!value.is_object()) return std::nullopt;
  return value;
}

// A NumericDate (RFC 7519 section 2).
Result<std::optional<Timestamp>> read_time(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || found->is_null()) return std::optional<Timestamp>();
  if (!found->is_number()) {
    return claims_refused("The JWT '" + std::string(name) + "' claim must be a number");
  }
  const double seconds = std::clamp(std::floor(found->get<double>()), -kLastSecond, kLastSecond);
  return std::optional(Timestamp(std::chrono::seconds(static_cast<std::int64_t>(seconds))));
}

// Whom a token is for is nobody's question here; what no PostgREST takes is refused all the same.
bool is_audience(const json& claims) {
  const auto found = claims.find("aud");
  if (found == claims.end() || found->is_null() || found->is_string()) return true;
  return found->is_array() && std::all_of(found->begin(), found->end(),
                                          [](const json& each) { return each.is_string(); });
}

// A claim as text: a string's content, another value's JSON; empty when absent.
std::string text_claim(const json& claims, const char* name) {
  const auto found = claims.find(name);
  if (found == claims.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}

std::string short_hash(std::string_view text) { return crypto::sha256_hex(text).substr(0, 32); }

// A token without `sub` is known by what policies can see of it: all claims but those that say
// which token it is, and of which project.
json distinguishing(const json& claims) {
  json rest = claims;
  for (const auto* name : {"iss", "ref", "aud", "exp", "nbf", "iat", "jti"}) rest.erase(name);
  return rest;
}

// What stays the same when a token is refreshed, when this gateway signs one in the upstream's
// place, and when its person signs in again.
json visible_claims(const json& claims) {
  json visible = claims;
  for (const auto* name : {"iss", "exp", "nbf", "iat", "jti", "session_id"}) visible.erase(name);
  const auto methods = visible.find("amr");
  if (methods == visible.end() || !methods->is_array()) return visible;
  for (auto& method : *methods) {
    if (method.is_object()) method.erase("timestamp");
  }
  return visible;
}

http::Principal principal_without_subject(const json& claims, const std::string& role) {
  const json rest = distinguishing(claims);
  if (role == "anon" && rest.size() <= claims.count("role")) return http::Principal::anonymous();
  return {http::Principal::Kind::kUser, "", role, claims.dump(), "role-" + short_hash(rest.dump())};
}

http::Principal principal_of(const json& claims) {
  const auto subject = text_claim(claims, "sub");
  auto role = text_claim(claims, "role");
  if (role == "service_role") return http::Principal::service();
  if (role.empty()) role = "anon";
  if (subject.empty()) return principal_without_subject(claims, role);
  return {http::Principal::Kind::kUser, subject, role, claims.dump(),
          "user-" + short_hash(subject)};
}

}  // namespace

Error token_refused(std::string message, std::optional<std::string> details) {
  auto error = unauthorized("PGRST301", std::move(message));
  error.details = std::move(details);
  return error;
}

Error wrong_key() {
  return token_refused("No suitable key or wrong key type",
                       "None of the keys was able to decode the JWT");
}

Error token_expired() { return claims_refused("JWT expired"); }

Result<Jwt> parse_jwt(std::string_view token) {
  if (token.empty()) return token_refused("Empty JWT is sent in Authorization header");
  const auto parts = std::count(token.begin(), token.end(), '.') + 1;
  if (parts != 3) {
    return token_refused("Expected 3 parts in JWT; got " + std::to_string(parts));
  }
  const auto first = token.find('.');
  const auto second = token.find('.', first + 1);
  const auto header_text = crypto::base64url_decode(token.substr(0, first));
  auto payload = crypto::base64url_decode(token.substr(first + 1, second - first - 1));
  auto signature = crypto::base64url_decode(token.substr(second + 1));
  if (!header_text) return undecodable();

  // `crit` lists extensions that must be understood, and none is (RFC 7515 4.1.11).
  const auto header = parse_object(*header_text);
  if (!header || !header->contains("alg") || header->contains("crit")) {
    return token_refused("JWT couldn't be decoded");
  }
  // PostgREST finds out about these with each of its keys.
  if (!payload || !signature) return wrong_key();
  return Jwt{token.substr(0, second), text_claim(*header, "alg"), text_claim(*header, "kid"),
             *std::move(payload), *std::move(signature)};
}

Result<void> verify_hs256(const Jwt& jwt, std::string_view secret) {
  const auto expected = crypto::hmac_sha256(secret, jwt.signing_input);
  const std::string_view expected_text(reinterpret_cast<const char*>(expected.data()),
                                       expected.size());
  if (!crypto::constant_time_equal(expected_text, std::string_view(jwt.signature))) {
    return wrong_key();
  }
  return {};
}

Result<Claims> read_claims(std::string_view payload) {
  const auto claims = parse_object(payload);
  if (!claims) return claims_refused("Parsing claims failed");
  Claims read;
  HF_TRY(read.expires, read_time(*claims, "exp"));
  HF_TRY(read.not_before, read_time(*claims, "nbf"));
  HF_TRY(read.issued, read_time(*claims, "iat"));
  if (!is_audience(*claims)) {
    return claims_refused("The JWT 'aud' claim must be a string or an array of strings");
  }
  read.session_id = text_claim(*claims, "session_id");
  read.issuer = text_claim(*claims, "iss");
  read.epoch = short_hash(visible_claims(*claims).dump());
  read.principal = principal_of(*claims);
  return read;
}

Result<http::Principal> principal_named(std::string_view text) {
  if (text == "anon") return http::Principal::anonymous();
  if (text == "service") return http::Principal::service();
  HF_TRY(const Claims claims, read_claims(text));
  return claims.principal;
}

Result<void> check_begun(const Claims& claims, Timestamp now) {
  if (claims.not_before && now + kAllowedSkew < *claims.not_before) {
    return claims_refused("JWT not yet valid");
  }
  if (claims.issued && now + kAllowedSkew < *claims.issued) {
    return claims_refused("JWT issued at future");
  }
  return {};
}

bool expired(const Claims& claims, Timestamp now) {
  return claims.expires && now > *claims.expires + kAllowedSkew;
}

}  // namespace holdfast::identity
