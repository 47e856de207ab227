#include "gateway/identity/session_upstream.h"

#include "gateway/identity/credentials.h"

namespace holdfast::identity {
namespace {

upstream::Failure not_sent(std::string reason) {
  return {upstream::Loss::kNotSent, std::move(reason)};
}

}  // namespace

upstream::Outcome SessionUpstream::call(const upstream::Call& call) {
  const auto bearer = bearer_token(call.headers);
  if (!bearer || !tokens_.is_ours(*bearer)) return upstream_.call(call);
  const auto claims = tokens_.verify(*bearer);
  if (!claims) return not_sent("the token is not this gateway's");
  auto outcome = refresher_.current(claims->session_id);
  if (auto* unavailable = std::get_if<SessionRefresher::Unavailable>(&outcome)) {
    return not_sent(std::move(unavailable->reason));
  }
  const auto* session = std::get_if<Session>(&outcome);
  if (session == nullptr) return not_sent("the session was ended by the upstream");
  upstream::Call real = call;
  real.headers.set("Authorization", "Bearer " + session->access_token);
  return upstream_.call(real);
}

}  // namespace holdfast::identity
