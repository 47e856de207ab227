#include "gateway/identity/session_upstream.h"

#include "gateway/identity/credentials.h"

namespace holdfast::identity {
namespace {

upstream::Failure not_sent(std::string reason) {
  return {upstream::Loss::kNotSent, std::move(reason)};
}

// PostgREST looks at the token before anything else: what it refuses so had no effect.
bool refuses_token(const upstream::Outcome& outcome) {
  if (!outcome.answered() || outcome.answer().status != 401) return false;
  const std::string& body = outcome.answer().body;
  return body.find("\"PGRST301\"") != std::string::npos ||
         body.find("\"PGRST303\"") != std::string::npos;
}

upstream::Call with_token(const upstream::Call& call, const std::string& token) {
  upstream::Call real = call;
  real.headers.set("Authorization", "Bearer " + token);
  return real;
}

}  // namespace

upstream::Outcome SessionUpstream::call(const upstream::Call& call) {
  const auto bearer = bearer_token(call.headers);
  if (!bearer) return upstream_.call(call);
  if (!tokens_.is_ours(*bearer)) {
    const auto session = refresher_.session_of(*bearer);
    if (!session) return upstream_.call(call);
    if (session->access_token != *bearer) return call_as(session->id, std::string(*bearer), call);
    const auto outcome = refresher_.current_for_request(session->id);
    const auto* current = std::get_if<Session>(&outcome);
    return call_as(session->id, current != nullptr ? current->access_token : std::string(*bearer),
                   call);
  }
  const auto claims = tokens_.verify(*bearer);
  if (!claims) return not_sent("the token is not this gateway's");
  auto outcome = refresher_.current_for_request(claims->session_id);
  if (auto* unavailable = std::get_if<SessionRefresher::Unavailable>(&outcome)) {
    return not_sent(std::move(unavailable->reason));
  }
  const auto* session = std::get_if<Session>(&outcome);
  if (session == nullptr) return not_sent("the session was ended by the upstream");
  return call_as(session->id, session->access_token, call);
}

upstream::Outcome SessionUpstream::call_as(const std::string& id, const std::string& token,
                                           const upstream::Call& call) {
  auto outcome = upstream_.call(with_token(call, token));
  if (!refuses_token(outcome)) return outcome;
  const auto renewed = refresher_.refresh(id);
  const auto* session = std::get_if<Session>(&renewed);
  if (session == nullptr || session->access_token == token) return outcome;
  return upstream_.call(with_token(call, session->access_token));
}

}  // namespace holdfast::identity
