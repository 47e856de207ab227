#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/http/principal.h"
#include "gateway/http/request.h"
#include "gateway/identity/jwt.h"
#include "gateway/identity/options.h"
#include "gateway/identity/session_keeper.h"
#include "gateway/identity/token_book.h"
#include "gateway/identity/token_cache.h"
#include "gateway/upstream/connectivity.h"
#include "gateway/upstream/upstream.h"

namespace holdfast::identity {

// Only the upstream can say whether the token is good: call confirm() where waiting is allowed.
struct NeedsConfirmation {};

using Authentication = std::variant<http::Caller, Error, NeedsConfirmation>;

// Says for whom a request acts, from its API key and its bearer token, as Supabase does.
//
// A token counts only when its signature was verified (HS256 with the configured secret, ES256 and
// RS256 with a published key of its issuer, or the gateway's own), when it came with a sign-in
// through this gateway, or when the upstream confirmed it; an expired one only while the upstream
// is not known to be there (away, or nothing heard since the start) and within the grace. Refusals
// are the edge's two 401s, PGRST301 and PGRST303. Each accepted caller is told to the TokenBook.
// Thread-safe.
class Authenticator {
 public:
  using Reachability = upstream::Connectivity::State;

  // `reachability` says whether the upstream is there; it and all references must outlive the
  // Authenticator.
  Authenticator(IdentityOptions options, upstream::Upstream& upstream, TokenBook& book,
                SessionKeeper& keeper, std::function<Reachability()> reachability,
                const Clock& clock);

  // `observer` is told the claims of each token that is accepted and was not before, on the thread
  // of the request and before its caller is given out. Before the first request.
  void observe_claims(std::function<void(const Claims&)> observer) {
    claims_seen_ = std::move(observer);
  }

  // Never waits.
  Authentication authenticate(const http::Request& request);

  // The edge's 401 for a request whose API key is missing or wrong, whoever it acts for. Never
  // waits.
  std::optional<Error> refuse_key(const http::Request& request);

  // The same as authenticate(), and asks the upstream when that is needed: blocks for up to one
  // call.
  Result<http::Caller> confirm(const http::Request& request);

 private:
  // Whom a key stands for; nullopt for another text. The second takes legacy keys too.
  std::optional<http::Principal> principal_of_configured_key(std::string_view key) const;
  std::optional<http::Principal> principal_of_key(const std::string& key);
  // Whether the key that verified it was taken back, or may have been.
  bool is_in_doubt(const KnownToken& token) const;
  // The token when it is known or can be verified here; null when the upstream must confirm it.
  Result<TokenCache::Entry> find_or_verify(std::string_view token);
  Result<TokenCache::Entry> verify_by_secret(std::string_view token, const Jwt& jwt);
  Result<TokenCache::Entry> verify_by_published_key(std::string_view token, const Jwt& jwt);
  Result<TokenCache::Entry> needs_confirmation(const Claims& claims) const;
  // Whether the token has expired and does not pass for that the upstream may be away.
  bool is_over(const Claims& claims, Timestamp now) const;
  // After a fetch where one is due: the KeySets' generation, or 0 when only the upstream can tell.
  Result<std::uint64_t> confirm_by_fetched_keys(const Jwt& jwt, const std::string& issuer);
  TokenCache::Entry keep(std::string_view token, Claims claims, bool made_here = false,
                         std::uint64_t key_generation = 0);
  Result<http::Caller> admit(KnownToken& token, std::string_view text, std::string key);

  const IdentityOptions options_;
  upstream::Upstream& upstream_;
  TokenBook& book_;
  SessionKeeper& keeper_;
  const std::function<Reachability()> reachability_;
  const Clock& clock_;
  std::function<void(const Claims&)> claims_seen_;
  TokenCache known_;
};

}  // namespace holdfast::identity
