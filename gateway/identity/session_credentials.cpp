#include "gateway/identity/session_credentials.h"

namespace holdfast::identity {
namespace {

// Each refusal makes the next token be fetched, and each new token makes what is held be sent: the
// upstream would be asked as fast as it answers.
constexpr auto kRefusedPause = std::chrono::seconds(2);

}  // namespace

std::optional<upstream::Credentials> SessionCredentials::credentials_for(
    const http::Principal& principal) {
  if (const auto caller = book_.caller_for(principal.id, clock_.now())) {
    return upstream::Credentials{caller->api_key, caller->bearer, caller->principal.role,
                                 caller->principal.claims};
  }
  if (principal.kind != http::Principal::Kind::kUser) return std::nullopt;
  const auto session = sessions_.newest_of(principal.id);
  if (!session || rests(principal.id)) return std::nullopt;
  const auto outcome = refresher_.current(session->id);
  const auto* current = std::get_if<Session>(&outcome);
  if (current == nullptr) return std::nullopt;
  const http::Principal now = current->principal();
  if (now != principal) return std::nullopt;
  return upstream::Credentials{current->api_key, current->access_token, now.role, now.claims};
}

void SessionCredentials::refuse(const http::Principal& principal,
                                const upstream::Credentials& refused) {
  if (principal.kind != http::Principal::Kind::kUser) return;
  book_.forget(principal.id, refused.bearer);
  sessions_.expire(refused.bearer);
  MutexLock lock(mutex_);
  const MonotonicTime now = clock_.monotonic();
  Refusal& last = refusals_[principal.id];
  if (last.bearer == refused.bearer) return;
  const bool again = !last.bearer.empty() && now < last.at + kRefusedPause;
  last = {refused.bearer, now, again};
}

bool SessionCredentials::rests(const std::string& principal_id) const {
  MutexLock lock(mutex_);
  const auto last = refusals_.find(principal_id);
  return last != refusals_.end() && last->second.again &&
         clock_.monotonic() < last->second.at + kRefusedPause;
}

}  // namespace holdfast::identity
