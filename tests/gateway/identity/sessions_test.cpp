#include "gateway/identity/sessions.h"

#include <gmock/gmock.h>

#include "gateway/identity/gateway_tokens.h"
#include "gateway/identity/session_closer.h"
#include "gateway/identity/session_credentials.h"
#include "gateway/identity/session_keeper.h"
#include "gateway/identity/session_upstream.h"
#include "tests/gateway/identity/memory_storage.h"
#include "tests/gateway/identity/tokens.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::Not;

const std::string kSealKey(32, 'k');

class SessionsTest : public ::testing::Test {
 protected:
  // A token of the n-th generation of a session.
  std::string token(int n, const std::string& session = "s1") const {
    return hs256(R"({"sub":"u1","role":"authenticated","email":"a@example.com","session_id":")" +
                 session + R"(","n":)" + std::to_string(n) + "}");
  }
  SignIn answer(int n, const std::string& session = "s1") const {
    return {token(n, session), "upstream-refresh-" + std::to_string(n), 3600s, R"({"id":"u1"})"};
  }
  std::string body(int n) const {
    return R"({"access_token":")" + token(n) + R"(","refresh_token":"upstream-refresh-)" +
           std::to_string(n) + R"(","expires_in":3600,"user":{"id":"u1"}})";
  }
  Session signed_in() { return keeper_.sessions.adopt(answer(1), kPublishableKey); }
  static http::Principal user() {
    return http::Principal{http::Principal::Kind::kUser, "u1", "authenticated", "{}",
                           "user-" + crypto::sha256_hex("u1").substr(0, 32)};
  }
  static upstream::Call call_with(const std::string& bearer) {
    upstream::Call call;
    call.target = "/rest/v1/notes";
    call.headers.add("Authorization", "Bearer " + bearer);
    return call;
  }
  std::string sent_bearer() const {
    return std::string(upstream_.calls().back().headers.find("Authorization").value_or(""));
  }

  support::ManualClock clock_;
  support::FakeUpstream upstream_;
  MemoryStorage storage_;
  IdentityOptions options_{"", kPublishableKey, "", 7 * 24h, 7 * 24h};
  TokenBook book_{options_};
  SessionKeeper keeper_{storage_, kSealKey, upstream_, book_, options_, clock_};
  SessionUpstream real_{upstream_, keeper_.tokens, keeper_.refresher};
  SessionCredentials credentials_{book_, keeper_.sessions, keeper_.refresher, clock_};
};

TEST_F(SessionsTest, TheAppNeverHoldsTheUpstreamsRefreshToken) {
  const Session session = signed_in();
  const std::string answered = sign_in_answer(body(1), session, clock_.now());
  EXPECT_THAT(answered, Not(HasSubstr("upstream-refresh-1")));
  EXPECT_THAT(answered, HasSubstr(session.app_token));
}

TEST_F(SessionsTest, ASessionSurvivesARestartAndItsTokensAreSealed) {
  const Session session = signed_in();
  for (const auto& [name, text] : storage_.all("")) {
    EXPECT_THAT(text, Not(HasSubstr("upstream-refresh"))) << name;
  }
  const Sessions again(storage_, kSealKey, clock_);
  ASSERT_TRUE(again.of_app_token(session.app_token));
  EXPECT_EQ(again.of_app_token(session.app_token)->refresh_token, "upstream-refresh-1");
  const Sessions with_another_key(storage_, std::string(32, 'x'), clock_);
  EXPECT_FALSE(with_another_key.of_app_token(session.app_token));
}

TEST_F(SessionsTest, TheRotatedTokenIsDurableBeforeItIsAnswered) {
  const Session session = signed_in();
  clock_.advance(1h);
  upstream_.push(200, body(2));
  const auto outcome = keeper_.refresher.refresh(session.id);
  ASSERT_TRUE(std::holds_alternative<Session>(outcome));
  const Sessions after_a_crash(storage_, kSealKey, clock_);
  EXPECT_EQ(after_a_crash.find(session.id)->refresh_token, "upstream-refresh-2");
  EXPECT_EQ(after_a_crash.find(session.id)->app_token, session.app_token);
}

TEST_F(SessionsTest, RefreshesWithinTheReuseIntervalAreOneCall) {
  const Session session = signed_in();
  clock_.advance(1h);
  upstream_.push(200, body(2));
  EXPECT_TRUE(std::holds_alternative<Session>(keeper_.refresher.refresh(session.id)));
  EXPECT_TRUE(std::holds_alternative<Session>(keeper_.refresher.refresh(session.id)));
  EXPECT_EQ(upstream_.calls().size(), 1);
  clock_.advance(11s);
  upstream_.push(200, body(3));
  EXPECT_TRUE(std::holds_alternative<Session>(keeper_.refresher.refresh(session.id)));
  EXPECT_EQ(upstream_.calls().size(), 2);
}

TEST_F(SessionsTest, ARefreshOfAMomentAgoThatIsHalfOverIsMadeAnew) {
  const Session session = signed_in();
  clock_.advance(1h);
  for (int n = 2; n < 5; ++n) {
    upstream_.push(200, R"({"access_token":")" + token(n) +
                            R"(","refresh_token":"r","expires_in":3,"user":{"id":"u1"}})");
  }
  const auto renewed = [&] { return keeper_.refresher.refresh(session.id); };
  EXPECT_TRUE(std::holds_alternative<Session>(renewed()));
  clock_.advance(1s);
  EXPECT_TRUE(std::holds_alternative<Session>(renewed()));
  EXPECT_EQ(upstream_.calls().size(), 1);
  clock_.advance(1s);
  const auto outcome = renewed();
  EXPECT_EQ(upstream_.calls().size(), 2);
  ASSERT_TRUE(std::holds_alternative<Session>(outcome));
  EXPECT_EQ(std::get<Session>(outcome).access_token, token(3));
}

TEST_F(SessionsTest, ATokenFromBeforeTheUpstreamsClockWasSetBackIsRenewed) {
  const Session session = signed_in();
  clock_.set(clock_.now() - 24h);
  upstream_.push(200, body(2));
  const auto current = keeper_.refresher.current(session.id);
  ASSERT_TRUE(std::holds_alternative<Session>(current));
  EXPECT_EQ(std::get<Session>(current).access_token, token(2));
  clock_.set(clock_.now() - 24h);
  upstream_.push(200, body(3));
  const auto refreshed = keeper_.refresher.refresh(session.id);
  ASSERT_TRUE(std::holds_alternative<Session>(refreshed));
  EXPECT_EQ(std::get<Session>(refreshed).access_token, token(3)) << "though it was just renewed";
}

TEST_F(SessionsTest, NoSessionIsAnsweredWithoutTimeLeft) {
  Session session = signed_in();
  EXPECT_EQ(session.left(clock_.now() + 3600s - 1ms), 1s);
  EXPECT_EQ(session.left(clock_.now() + 24h), 1s);
  EXPECT_EQ(session.left(clock_.now() - 24h), 3600s);
  EXPECT_EQ(session.left(clock_.now() + 1s), 3599s);
}

TEST_F(SessionsTest, ARefreshThatNamesSomebodyElseChangesNothing) {
  const Session session = signed_in();
  clock_.advance(1h);
  upstream_.push(200, R"({"access_token":")" +
                          hs256(R"({"sub":"u2","role":"authenticated","session_id":"s1"})") +
                          R"(","refresh_token":"r","expires_in":3600,"user":{"id":"u2"}})");
  EXPECT_FALSE(credentials_.credentials_for(user()));
  EXPECT_EQ(keeper_.sessions.find(session.id)->access_token, token(1));
  upstream_.push(200, R"({"access_token":")" + hs256(R"({"role":"anon"})") +
                          R"(","refresh_token":"r","expires_in":3600,"user":{"id":"u1"}})");
  EXPECT_FALSE(credentials_.credentials_for(user()));
  EXPECT_EQ(keeper_.sessions.find(session.id)->refresh_token, "upstream-refresh-1");
}

TEST_F(SessionsTest, HardCase2_TheLastSessionOfAPersonOutlivesTheManyOfAnother) {
  const auto other = hs256(R"({"sub":"u2","role":"authenticated","session_id":"theirs"})");
  keeper_.sessions.adopt({other, "upstream-refresh", 3600s, "{}"}, kPublishableKey);
  for (int i = 0; i < 501; ++i) {
    clock_.advance(1s);
    keeper_.sessions.adopt(answer(1, "s" + std::to_string(i)), kPublishableKey);
  }
  EXPECT_TRUE(keeper_.sessions.lives("theirs"));
  EXPECT_FALSE(keeper_.sessions.find("s0"));
  EXPECT_TRUE(keeper_.sessions.lives("s500"));
  clock_.set(clock_.now() - 24h);
  keeper_.sessions.adopt(answer(1, "of an earlier clock"), kPublishableKey);
  EXPECT_TRUE(keeper_.sessions.lives("of an earlier clock"));
}

TEST_F(SessionsTest, OnlyARefusalOfSupabasesOwnEndsASession) {
  const Session session = signed_in();
  clock_.advance(1h);
  upstream_.push(200, "<html>sign in to the hotel's network</html>");
  upstream_.push(403, "<html>blocked</html>");
  upstream_.push(429, R"({"code":"over_request_rate_limit","message":"slow down"})");
  upstream_.push(500, R"({"code":"unexpected_failure"})");
  for (int i = 0; i < 4; ++i) {
    EXPECT_TRUE(std::holds_alternative<SessionRefresher::Unavailable>(
        keeper_.refresher.refresh(session.id)))
        << i;
  }
  EXPECT_TRUE(keeper_.sessions.lives(session.id));
  upstream_.push(400, R"({"code":"refresh_token_already_used","message":"Already Used"})");
  EXPECT_TRUE(
      std::holds_alternative<SessionRefresher::Refused>(keeper_.refresher.refresh(session.id)));
  EXPECT_FALSE(keeper_.sessions.find(session.id));
}

TEST_F(SessionsTest, AGatewayTokenCarriesTheClaimsAndIsVerifiedHereAlone) {
  const Session session = signed_in();
  const std::string minted = keeper_.tokens.mint(session, clock_.now(), 3600s);
  EXPECT_TRUE(keeper_.tokens.is_ours(minted));
  EXPECT_FALSE(keeper_.tokens.is_ours(token(1)));
  const auto claims = keeper_.tokens.verify(minted);
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->principal.id, user().id);
  EXPECT_EQ(claims->session_id, "s1");
  EXPECT_THAT(claims->principal.claims, HasSubstr("a@example.com"));

  MemoryStorage elsewhere;
  Sessions others(elsewhere, kSealKey, clock_);
  const GatewayTokens other_gateway(others);
  EXPECT_FALSE(other_gateway.verify(minted));
  std::string forged = minted;
  forged[forged.size() - 20] = forged[forged.size() - 20] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(keeper_.tokens.verify(forged));
  const GatewayTokens after_a_restart(keeper_.sessions);
  EXPECT_TRUE(after_a_restart.verify(minted));
}

TEST_F(SessionsTest, AGatewayTokenNeverGoesUpstream) {
  const Session session = signed_in();
  const std::string minted = keeper_.tokens.mint(session, clock_.now(), 3600s);
  upstream_.push(200, "[]");
  EXPECT_TRUE(real_.call(call_with(minted)).answered());
  EXPECT_EQ(sent_bearer(), "Bearer " + token(1));

  clock_.advance(2h);
  upstream_.push(200, body(2));
  upstream_.push(200, "[]");
  EXPECT_TRUE(real_.call(call_with(minted)).answered());
  EXPECT_EQ(sent_bearer(), "Bearer " + token(2));

  clock_.advance(2h);
  upstream_.clear_calls();
  upstream_.push(503, "");
  const auto outcome = real_.call(call_with(minted));
  ASSERT_FALSE(outcome.answered());
  EXPECT_EQ(outcome.failure().loss, upstream::Loss::kNotSent);
  EXPECT_EQ(upstream_.calls().size(), 1);
}

const std::string kJwtExpired =
    R"({"code":"PGRST303","details":null,"hint":null,"message":"JWT expired"})";

TEST_F(SessionsTest, AnAppsOwnTokenThatRunsOutOnItsWayIsRenewed) {
  signed_in();
  clock_.advance(1h - 5s);
  upstream_.push(200, body(2));
  upstream_.push(200, "[]");
  EXPECT_EQ(real_.call(call_with(token(1))).answer().status, 200);
  EXPECT_EQ(sent_bearer(), "Bearer " + token(2));
}

TEST_F(SessionsTest, AnAppsOwnTokenThatTheUpstreamRefusesIsRenewedOnce) {
  signed_in();
  clock_.advance(1min);
  upstream_.push(401, kJwtExpired);
  upstream_.push(200, body(2));
  upstream_.push(201, "");
  EXPECT_EQ(real_.call(call_with(token(1))).answer().status, 201);
  EXPECT_EQ(sent_bearer(), "Bearer " + token(2));

  // The app has not heard of the new one yet.
  upstream_.push(401, kJwtExpired);
  upstream_.push(200, "[]");
  EXPECT_EQ(real_.call(call_with(token(1))).answer().status, 200);
  EXPECT_EQ(sent_bearer(), "Bearer " + token(2));

  // Whoever refuses each token is not asked for one with each call.
  upstream_.clear_calls();
  upstream_.push(401, kJwtExpired);
  EXPECT_EQ(real_.call(call_with(token(2))).answer().status, 401);
  EXPECT_EQ(upstream_.calls().size(), 1);
}

TEST_F(SessionsTest, ATokenThatRanOutLongAgoLetsNobodyIn) {
  signed_in();
  clock_.advance(50min);
  upstream_.push(200, body(2));
  keeper_.refresher.refresh("s1");
  clock_.advance(11min);
  upstream_.clear_calls();
  upstream_.push(401, kJwtExpired);
  EXPECT_EQ(real_.call(call_with(token(1))).answer().status, 401);
  clock_.advance(1h);
  upstream_.push(401, kJwtExpired);
  EXPECT_EQ(real_.call(call_with(token(2))).answer().status, 401);
  EXPECT_EQ(upstream_.calls().size(), 2);
  EXPECT_EQ(sent_bearer(), "Bearer " + token(2));
}

TEST_F(SessionsTest, AnAppsOwnTokenGoesOutAsItIsWhereItCannotBeRenewed) {
  signed_in();
  clock_.advance(1h - 5s);
  upstream_.push(503, "");
  upstream_.push(401, kJwtExpired);
  upstream_.push(503, "");
  EXPECT_EQ(real_.call(call_with(token(1))).answer().status, 401);
  EXPECT_EQ(sent_bearer(), "Bearer " + kPublishableKey) << "the second try to renew it";

  upstream_.clear_calls();
  upstream_.push(401, kJwtExpired);
  const std::string somebody_elses = token(7, "another session");
  EXPECT_EQ(real_.call(call_with(somebody_elses)).answer().status, 401);
  EXPECT_EQ(sent_bearer(), "Bearer " + somebody_elses);
}

TEST_F(SessionsTest, NobodyWaitsOutTheSilenceThatAnotherHasJustMet) {
  const Session session = signed_in();
  clock_.advance(2h);
  int calls = 0;
  upstream_.respond_with([&](const upstream::Call&) -> upstream::Outcome {
    ++calls;
    clock_.advance(10s);
    return upstream::Failure{upstream::Loss::kAnswerLost, "no answer"};
  });
  const auto unavailable = [&] {
    return std::holds_alternative<SessionRefresher::Unavailable>(
        keeper_.refresher.current_for_request(session.id));
  };
  EXPECT_TRUE(unavailable());
  EXPECT_TRUE(unavailable());
  EXPECT_EQ(calls, 1);
  clock_.advance(2s);
  EXPECT_TRUE(unavailable());
  EXPECT_EQ(calls, 2);
  // What delivers is alone, and must not stop because the upstream has come back just now.
  keeper_.refresher.current(session.id);
  EXPECT_EQ(calls, 3);
}

TEST_F(SessionsTest, WhatWasQueuedIsSentWithARefreshedTokenAfterTheAppHasGone) {
  signed_in();
  clock_.advance(3h);
  upstream_.push(200, body(2));
  const auto credentials = credentials_.credentials_for(user());
  ASSERT_TRUE(credentials);
  EXPECT_EQ(credentials->bearer, token(2));
  EXPECT_EQ(credentials->api_key, kPublishableKey);
  credentials_.refuse(user(), *credentials);
  upstream_.push(200, body(3));
  ASSERT_TRUE(credentials_.credentials_for(user()));
  EXPECT_EQ(credentials_.credentials_for(user())->bearer, token(3));
}

TEST_F(SessionsTest, WhoRefusesEachNewTokenIsAskedForOneSeldom) {
  signed_in();
  for (int n = 2; n <= 9; ++n) upstream_.push(200, body(n));
  int given = 0;
  for (int tries = 0; tries < 60; ++tries, clock_.advance(100ms)) {
    const auto credentials = credentials_.credentials_for(user());
    if (credentials) credentials_.refuse(user(), *credentials);
    given += credentials ? 1 : 0;
  }
  EXPECT_TRUE(given >= 3 && given <= 5) << given << " in six seconds";
}

TEST_F(SessionsTest, NobodyElsesTokenIsGivenOut) {
  signed_in();
  auto other = user();
  other.id = "user-of-another-subject";
  EXPECT_FALSE(credentials_.credentials_for(other));
}

TEST_F(SessionsTest, AnEndedSessionAnswersNobodyButDeliversAndIsSignedOutLast) {
  const Session session = signed_in();
  keeper_.sessions.end(session.id, "global");
  EXPECT_FALSE(keeper_.sessions.of_app_token(session.app_token));
  EXPECT_FALSE(keeper_.sessions.of_access_token(token(1)));
  EXPECT_TRUE(keeper_.sessions.has_ended(session.id));
  EXPECT_TRUE(credentials_.credentials_for(user()));

  const auto close = [&](bool pending) {
    close_ended_sessions(
        keeper_, upstream_, [&](const std::string&) { return pending; }, clock_);
  };
  close(true);
  EXPECT_TRUE(upstream_.calls().empty());
  upstream_.push(503, "");
  close(false);
  EXPECT_TRUE(keeper_.sessions.has_ended(session.id));
  upstream_.push(204, "");
  close(false);
  EXPECT_EQ(upstream_.calls().back().target, "/auth/v1/logout?scope=global");
  EXPECT_EQ(sent_bearer(), "Bearer " + token(1));
  EXPECT_FALSE(keeper_.sessions.find(session.id));
}

TEST_F(SessionsTest, DeliveryAfterASignOutEndsAtItsLimit) {
  const Session session = signed_in();
  keeper_.sessions.end(session.id, "local");
  clock_.advance(8 * 24h);
  upstream_.push(200, body(2));
  upstream_.push(204, "");
  close_ended_sessions(
      keeper_, upstream_, [](const std::string&) { return true; }, clock_);
  EXPECT_EQ(upstream_.calls().back().target, "/auth/v1/logout?scope=local");
  EXPECT_FALSE(keeper_.sessions.find(session.id));
}

}  // namespace
}  // namespace holdfast::identity
