#include "gateway/identity/session_closer.h"

namespace holdfast::identity {
namespace {

upstream::Call logout_call(const Session& session) {
  upstream::Call call;
  call.method = "POST";
  call.target = "/auth/v1/logout?scope=" + session.logout_scope;
  call.headers.add("apikey", session.api_key);
  call.headers.add("Authorization", "Bearer " + session.access_token);
  call.headers.add("X-Supabase-Api-Version", "2024-01-01");
  return call;
}

// Of a refused refresh the session is forgotten already.
void close(SessionKeeper& keeper, upstream::Upstream& upstream, const std::string& id) {
  const auto outcome = keeper.refresher.current(id);
  const auto* session = std::get_if<Session>(&outcome);
  if (session == nullptr) return;
  const auto answer = upstream.call(logout_call(*session));
  if (!answer.answered() || answer.answer().status >= 500) return;
  keeper.book.forget(session->principal().id, session->access_token);
  keeper.sessions.forget(id);
}

}  // namespace

void close_ended_sessions(SessionKeeper& keeper, upstream::Upstream& upstream,
                          const std::function<bool(const std::string& principal_id)>& pending,
                          const Clock& clock) {
  for (const auto& session : keeper.sessions.ended()) {
    const bool late = clock.now() > *session.ended_at + keeper.options.deliver_after_logout;
    if (late || !pending(session.principal().id)) close(keeper, upstream, session.id);
  }
}

}  // namespace holdfast::identity
