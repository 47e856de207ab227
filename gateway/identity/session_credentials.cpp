#include "gateway/identity/session_credentials.h"

namespace holdfast::identity {
namespace {

// Each refusal makes the next token be fetched, and each new token makes what is held be sent: the
// upstream would be asked as fast as it answers.
constexpr auto kRefusedPause = std::chrono::seconds(2);

// See Sessions::expire().
bool was_refused(const Session& session) { return session.lifetime == std::chrono::seconds(0); }

}  // namespace

std::optional<upstream::Credentials> SessionCredentials::credentials_for(
    const http::Principal& principal) {
  if (const auto caller = book_.caller_for(principal.id, clock_.now())) {
    return upstream::Credentials{caller->api_key, caller->bearer, caller->principal.role,
                                 caller->principal.claims};
  }
  if (principal.kind != http::Principal::Kind::kUser) return std::nullopt;
  const auto session = sessions_.newest_of(principal.id);
  if (!session || rests(*session)) return std::nullopt;
  const auto outcome = refresher_.current(session->id);
  const auto* current = std::get_if<Session>(&outcome);
  if (current == nullptr) return std::nullopt;
  note_renewal(*session);
  const http::Principal now = current->principal();
  if (now != principal) return std::nullopt;
  return upstream::Credentials{current->api_key, current->access_token, now.role, now.claims};
}

void SessionCredentials::refuse(const http::Principal& principal,
                                const upstream::Credentials& refused) {
  if (principal.kind != http::Principal::Kind::kUser) return;
  book_.forget(principal.id, refused.bearer);
  sessions_.expire(refused.bearer);
}

bool SessionCredentials::rests(const Session& session) const {
  if (!was_refused(session)) return false;
  MutexLock lock(mutex_);
  const auto renewed = renewals_.find(session.id);
  return renewed != renewals_.end() && clock_.monotonic() < renewed->second + kRefusedPause;
}

void SessionCredentials::note_renewal(const Session& refused) {
  if (!was_refused(refused)) return;
  MutexLock lock(mutex_);
  renewals_[refused.id] = clock_.monotonic();
}

}  // namespace holdfast::identity
