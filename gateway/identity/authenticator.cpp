#include "gateway/identity/authenticator.h"

#include <utility>

#include "gateway/crypto/digest.h"
#include "gateway/identity/confirmation.h"
#include "gateway/identity/credentials.h"

namespace holdfast::identity {
namespace {

using http::Caller;
using http::Principal;

bool same_secret(std::string_view presented, const std::string& configured) {
  return !configured.empty() &&
         crypto::constant_time_equal(presented, std::string_view(configured));
}

// Refuses algorithms that no key of ours is bound to.
Error unsuitable(const std::string& algorithm) {
  if (algorithm == "none") {
    return token_refused("Wrong or unsupported encoding algorithm",
                         "JWT is unsecured but expected 'alg' was not 'none'");
  }
  return token_refused("No suitable key or wrong key type",
                       "No suitable key was found to decode the JWT");
}

bool is_asymmetric(const Jwt& jwt) { return jwt.algorithm == "ES256" || jwt.algorithm == "RS256"; }

}  // namespace

Authenticator::Authenticator(IdentityOptions options, upstream::Upstream& upstream, TokenBook& book,
                             SessionKeeper& keeper, std::function<Reachability()> reachability,
                             const Clock& clock)
    : options_(std::move(options)),
      upstream_(upstream),
      book_(book),
      keeper_(keeper),
      reachability_(std::move(reachability)),
      clock_(clock) {}

Authentication Authenticator::authenticate(const http::Request& request) {
  auto key = presented_key(request);
  if (key.empty()) return no_api_key();
  auto of_key = principal_of_key(key);
  if (!of_key) return invalid_api_key();

  const auto bearer = bearer_token(request.headers);
  if (!bearer || *bearer == key) {
    return Caller{*std::move(of_key), std::move(key), std::string(bearer.value_or("")), false, {}};
  }
  if (auto other = principal_of_configured_key(*bearer)) {
    return Caller{*std::move(other), std::move(key), std::string(*bearer), false, {}};
  }
  auto token = find_or_verify(*bearer);
  if (!token) return std::move(token).error();
  if (*token == nullptr) return NeedsConfirmation{};
  auto caller = admit(**token, *bearer, std::move(key));
  if (!caller) return std::move(caller).error();
  return *std::move(caller);
}

std::optional<Error> Authenticator::refuse_key(const http::Request& request) {
  const auto key = presented_key(request);
  if (key.empty()) return no_api_key();
  if (!principal_of_key(key)) return invalid_api_key();
  return std::nullopt;
}

Result<Caller> Authenticator::confirm(const http::Request& request) {
  auto first = authenticate(request);
  if (auto* caller = std::get_if<Caller>(&first)) return std::move(*caller);
  if (auto* error = std::get_if<Error>(&first)) return std::move(*error);

  const std::string token(bearer_token(request.headers).value_or(""));
  auto key = presented_key(request);
  HF_TRY(const auto jwt, parse_jwt(token));
  HF_TRY(auto claims, read_claims(jwt.payload));
  if (is_asymmetric(jwt)) {
    HF_TRY(const auto generation, confirm_by_fetched_keys(jwt, claims.issuer));
    if (generation != 0) {
      return admit(*keep(token, std::move(claims), false, generation), token, std::move(key));
    }
  }
  HF_TRY_VOID(confirm_with_upstream(upstream_, key, token, claims.principal.subject));
  return admit(*keep(token, std::move(claims)), token, std::move(key));
}

Result<std::uint64_t> Authenticator::confirm_by_fetched_keys(const Jwt& jwt,
                                                             const std::string& issuer) {
  auto& keys = keeper_.keys;
  keys.refresh(issuer, keys.judge(jwt, issuer));
  const auto generation = keys.generation();
  const auto verdict = keys.judge(jwt, issuer);
  if (verdict == KeyVerdict::kGood) return generation;
  if (verdict == KeyVerdict::kBad) return wrong_key();
  if (!keys.is_third_party(issuer)) return std::uint64_t{0};
  if (keys.has_keys(issuer)) return wrong_key();
  return upstream_unavailable("The token cannot be confirmed: the keys of " + issuer +
                              " cannot be read");
}

std::optional<Principal> Authenticator::principal_of_configured_key(std::string_view key) const {
  const bool anonymous = same_secret(key, options_.anon_key);
  const bool service = same_secret(key, options_.service_key);
  if (service) return Principal::service();
  if (anonymous) return Principal::anonymous();
  return std::nullopt;
}

std::optional<Principal> Authenticator::principal_of_key(const std::string& key) {
  if (auto configured = principal_of_configured_key(key)) return configured;
  if (options_.jwt_secret.empty()) return std::nullopt;

  // A legacy key is an HS256 token of role anon or service_role, made long ago.
  const auto token = find_or_verify(key);
  if (!token || *token == nullptr) return std::nullopt;
  if ((*token)->claims.principal.kind == Principal::Kind::kUser) return std::nullopt;
  auto caller = admit(**token, key, key);
  if (!caller || caller->token_expired) return std::nullopt;
  return std::move(caller->principal);
}

Result<TokenCache::Entry> Authenticator::find_or_verify(std::string_view token) {
  const auto known = known_.find(token);
  if (known && !is_in_doubt(*known)) return known;
  if (keeper_.tokens.is_ours(token)) {
    HF_TRY(auto claims, keeper_.tokens.verify(token));
    return keep(token, std::move(claims), true);
  }
  HF_TRY(const auto jwt, parse_jwt(token));
  if (jwt.algorithm == "HS256") return verify_by_secret(token, jwt);
  if (is_asymmetric(jwt)) return verify_by_published_key(token, jwt);
  return unsuitable(jwt.algorithm);
}

bool Authenticator::is_in_doubt(const KnownToken& token) const {
  if (token.key_generation == 0) return false;
  if (token.key_generation != keeper_.keys.generation()) return true;
  return keeper_.keys.is_stale(token.claims.issuer) && reachability_() != Reachability::kOffline;
}

Result<TokenCache::Entry> Authenticator::verify_by_secret(std::string_view token, const Jwt& jwt) {
  const bool has_secret = !options_.jwt_secret.empty();
  if (has_secret) {
    HF_TRY_VOID(verify_hs256(jwt, options_.jwt_secret));
  }
  HF_TRY(auto claims, read_claims(jwt.payload));
  if (claims.issuer == kGatewayIssuer || keeper_.keys.is_third_party(claims.issuer)) {
    return wrong_key();
  }
  if (has_secret || keeper_.sessions.of_access_token(token)) return keep(token, std::move(claims));
  // The upstream confirms users only.
  if (claims.principal.subject.empty()) {
    return expired(claims, clock_.now()) ? token_expired() : wrong_key();
  }
  return needs_confirmation(claims);
}

Result<TokenCache::Entry> Authenticator::verify_by_published_key(std::string_view token,
                                                                 const Jwt& jwt) {
  HF_TRY(auto claims, read_claims(jwt.payload));
  if (claims.issuer == kGatewayIssuer) return wrong_key();
  if (keeper_.sessions.of_access_token(token)) return keep(token, std::move(claims));
  const auto generation = keeper_.keys.generation();
  const auto verdict = keeper_.keys.judge(jwt, claims.issuer);
  if (reachability_() == Reachability::kOffline || !keeper_.keys.is_due(claims.issuer, verdict)) {
    if (verdict == KeyVerdict::kGood) return keep(token, std::move(claims), false, generation);
    if (verdict == KeyVerdict::kBad) return wrong_key();
  }
  return needs_confirmation(claims);
}

bool Authenticator::is_over(const Claims& claims, Timestamp now) const {
  if (!expired(claims, now)) return false;
  return now > *claims.expires + options_.offline_grace || reachability_() == Reachability::kOnline;
}

// What its own claims rule out is not worth a call; expiry within the grace is judged, offline,
// after the call that cannot be made, because a 401 would sign the person out.
Result<TokenCache::Entry> Authenticator::needs_confirmation(const Claims& claims) const {
  HF_TRY_VOID(check_begun(claims, clock_.now()));
  if (keeper_.sessions.has_ended(claims.session_id)) return token_expired();
  if (is_over(claims, clock_.now())) return token_expired();
  return TokenCache::Entry();
}

TokenCache::Entry Authenticator::keep(std::string_view token, Claims claims, bool made_here,
                                      std::uint64_t key_generation) {
  auto entry = std::make_shared<KnownToken>(std::move(claims), made_here, key_generation);
  known_.put(token, entry);
  return entry;
}

Result<Caller> Authenticator::admit(KnownToken& token, std::string_view text, std::string key) {
  const auto now = clock_.now();
  const auto& claims = token.claims;
  // What was signed here is good from then on, also when the clock has been set back since.
  if (!token.made_here) HF_TRY_VOID(check_begun(claims, now));
  const bool over = token.made_here ? !keeper_.sessions.lives(claims.session_id)
                                    : keeper_.sessions.has_ended(claims.session_id);
  if (over) return token_expired();
  const bool late = expired(claims, now);
  if (is_over(claims, now)) return token_expired();
  Caller caller{claims.principal, std::move(key), std::string(text), late,
                claims.expires,   claims.epoch};
  if (!late && !token.made_here && !token.remembered.exchange(true))
    book_.remember(caller, claims.issued, now);
  // What this gateway signed says nothing new of its person.
  if (claims_seen_ && !token.made_here && !token.claims_told.exchange(true)) claims_seen_(claims);
  return caller;
}

}  // namespace holdfast::identity
