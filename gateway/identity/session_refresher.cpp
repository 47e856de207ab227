#include "gateway/identity/session_refresher.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "gateway/identity/jwt.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;

constexpr auto kReuse = 10s;
// A token this near its end may run out on its way.
constexpr auto kMargin = 10s;
// After a call that failed the next one waits ten times what that took, at most this: else all who
// want a token would wait out one silent call after the other.
constexpr auto kLongestPause = 2s;

upstream::Call refresh_call(const Session& session) {
  upstream::Call call;
  call.method = "POST";
  call.target = "/auth/v1/token?grant_type=refresh_token";
  call.headers.add("apikey", session.api_key);
  call.headers.add("Authorization", "Bearer " + session.api_key);
  call.headers.add("Content-Type", "application/json;charset=UTF-8");
  call.headers.add("X-Supabase-Api-Version", "2024-01-01");
  call.body = nlohmann::json{{"refresh_token", session.refresh_token}}.dump();
  return call;
}

// The upstream's clock was set back since it gave the token, which it takes for none now.
bool is_of_the_future(const Session& session, Timestamp now) {
  return now + kAllowedSkew < session.received_at;
}

// Whoever answered, what one person wrote is never sent as another.
bool names_same_person(const Session& session, const SignIn& renewed) {
  Session as_renewed;
  as_renewed.access_token = renewed.access_token;
  return as_renewed.principal() == session.principal();
}

}  // namespace

bool refuses_refresh(int status, std::string_view body) {
  if (status < 400 || status > 499 || status == 408 || status == 425 || status == 429) return false;
  const auto reason = nlohmann::json::parse(body, nullptr, false);
  if (!reason.is_object()) return false;
  return reason.contains("error_code") || reason.contains("code") || reason.contains("error");
}

void remember(TokenBook& book, const Session& session, Timestamp now) {
  http::Caller caller;
  caller.principal = session.principal();
  caller.api_key = session.api_key;
  caller.bearer = session.access_token;
  caller.token_expires = session.expires();
  if (caller.principal.kind == http::Principal::Kind::kUser) book.remember(caller, now, now);
}

SessionRefresher::Outcome SessionRefresher::refresh(const std::string& id) {
  return refresh_unless(id, Patience::kOwn, [this](const Session& session, bool just_refreshed) {
    const auto now = clock_.now();
    return just_refreshed && now + session.lifetime / 2 < session.expires() &&
           !is_of_the_future(session, now);
  });
}

SessionRefresher::Outcome SessionRefresher::current(const std::string& id) {
  return current(id, Patience::kOwn);
}

SessionRefresher::Outcome SessionRefresher::current_for_request(const std::string& id) {
  return current(id, Patience::kAfterFailure);
}

SessionRefresher::Outcome SessionRefresher::current(const std::string& id, Patience patience) {
  return refresh_unless(id, patience, [this, patience](const Session& session, bool) {
    const auto now = clock_.now();
    // Tokens may last for less than the margin, and not each call is to cost a refresh.
    const auto margin = patience == Patience::kOwn
                            ? kMargin
                            : std::min<std::chrono::seconds>(kMargin, session.lifetime / 2);
    return now + margin < session.expires() && !is_of_the_future(session, now);
  });
}

SessionRefresher::Outcome SessionRefresher::refresh_unless(
    const std::string& id, Patience patience,
    const std::function<bool(const Session&, bool just_refreshed)>& good) {
  const auto turn = turn_of(id);
  const auto came = clock_.monotonic();
  MutexLock lock(turn->mutex);
  const auto session = sessions_.find(id);
  if (!session) return Unavailable{"the session has ended"};
  const auto now = clock_.monotonic();
  if (good(*session, turn->refreshed && now < *turn->refreshed + kReuse)) return *session;
  if (turn->failed) {
    const auto pause = std::min<MonotonicTime::duration>(kLongestPause, 10 * turn->took);
    const bool waits = patience == Patience::kAfterFailure && now < *turn->failed + pause;
    if (waits || came < *turn->failed) return Unavailable{turn->reason};
  }
  auto outcome = ask(*session);
  turn->failed.reset();
  if (std::holds_alternative<Session>(outcome)) turn->refreshed = now;
  if (const auto* unavailable = std::get_if<Unavailable>(&outcome)) {
    turn->failed = clock_.monotonic();
    turn->took = *turn->failed - now;
    turn->reason = unavailable->reason;
  }
  return outcome;
}

SessionRefresher::Outcome SessionRefresher::ask(const Session& session) {
  auto outcome = upstream_.call(refresh_call(session));
  if (!outcome.answered()) return Unavailable{outcome.failure().reason};
  upstream::Answer answer = std::move(outcome).answer();
  if (answer.status == 200) {
    if (const auto renewed = read_sign_in(answer.body)) {
      if (!names_same_person(session, *renewed)) return Unavailable{"it is another user's"};
      auto kept = sessions_.renew(session.id, *renewed);
      if (!kept) return Unavailable{"the session has ended"};
      remember(book_, *kept, clock_.now());
      return *std::move(kept);
    }
  }
  if (!refuses_refresh(answer.status, answer.body)) {
    return Unavailable{"the upstream answered " + std::to_string(answer.status)};
  }
  sessions_.forget(session.id);
  return Refused{std::move(answer)};
}

std::shared_ptr<SessionRefresher::Turn> SessionRefresher::turn_of(const std::string& id) {
  MutexLock lock(mutex_);
  auto& turn = turns_[id];
  if (!turn) turn = std::make_shared<Turn>();
  return turn;
}

}  // namespace holdfast::identity
