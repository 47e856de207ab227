#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/gateway/identity/tokens.h"
#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using namespace std::chrono_literals;
using nlohmann::json;

class AuthTest : public RoutesTest {
 protected:
  http::Response auth(const std::string& method, const std::string& path,
                      const std::string& body = "", const std::string& bearer = kKey) {
    http::Headers headers{{"apikey", kKey}, {"Authorization", "Bearer " + bearer}};
    return ask({method, "/auth/v1/" + path, headers, body});
  }
  std::string token(int n) const {
    return identity::hs256(R"({"sub":"u1","role":"authenticated","session_id":"s1","n":)" +
                           std::to_string(n) + "}");
  }
  upstream::Answer session(int n) const {
    return {200,
            {{"Content-Type", "application/json"}},
            json{{"access_token", token(n)},
                 {"token_type", "bearer"},
                 {"expires_in", 3600},
                 {"expires_at", 1},
                 {"refresh_token", "upstream-refresh-" + std::to_string(n)},
                 {"user", {{"id", "u1"}, {"email", "a@example.com"}}}}
                .dump(),
            clock_.now(),
            {}};
  }
  json sign_in() {
    upstream_.push(session(1));
    return json::parse(auth("POST", "token?grant_type=password", "{}").body);
  }
  http::Response refresh(const std::string& refresh_token) {
    return auth("POST", "token?grant_type=refresh_token",
                json{{"refresh_token", refresh_token}}.dump());
  }
  std::int64_t now_seconds() const {
    return std::chrono::floor<std::chrono::seconds>(clock_.now()).time_since_epoch().count();
  }
};

TEST_F(AuthTest, ASignInIsTakenOverAndExpiresByThisMachinesClock) {
  const json answer = sign_in();
  EXPECT_EQ(answer["access_token"], token(1));
  EXPECT_NE(answer["refresh_token"], "upstream-refresh-1");
  EXPECT_EQ(answer["expires_at"], now_seconds() + 3600);
  EXPECT_EQ(answer["user"]["email"], "a@example.com");
}

TEST_F(AuthTest, ARefreshGoesUpstreamWithTheUpstreamsOwnToken) {
  const json signed_in = sign_in();
  clock_.advance(1h);
  upstream_.push(session(2));
  const auto answer = refresh(signed_in["refresh_token"]);
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["access_token"], token(2));
  EXPECT_EQ(json::parse(answer.body)["refresh_token"], signed_in["refresh_token"]);
  EXPECT_EQ(json::parse(upstream_.calls().back().body)["refresh_token"], "upstream-refresh-1");
}

TEST_F(AuthTest, AnUnknownRefreshTokenIsTheUpstreamsAndItsSessionIsTakenOver) {
  upstream_.push(session(1));
  const auto answer = refresh("from-before-holdfast");
  EXPECT_EQ(answer.status, 200);
  EXPECT_NE(json::parse(answer.body)["refresh_token"], "upstream-refresh-1");
  upstream_.push(400, R"({"code":"refresh_token_not_found","message":"no such token"})");
  EXPECT_EQ(refresh("hfr_unknown").status, 400);
}

TEST_F(AuthTest, WhatIsNoRefusalOfSupabasesNeverEndsASessionThatIsNotKnownHere) {
  upstream_.push(429, R"({"code":"over_request_rate_limit","message":"slow down"})");
  upstream_.push(403, "<html>blocked</html>");
  upstream_.push(500, R"({"code":"unexpected_failure"})");
  upstream_.push(200, "{}");
  for (int i = 0; i < 4; ++i) EXPECT_EQ(refresh("from-before-holdfast").status, 503) << i;
}

// The app would find no session in it and sign the person out.
TEST_F(AuthTest, ARefreshIsNeverAnsweredWithoutTimeLeft) {
  const json signed_in = sign_in();
  clock_.advance(1h);
  auto short_lived = session(2);
  short_lived.body = json{
      {"access_token", token(2)},
      {"expires_in", 1},
      {"refresh_token", "upstream-refresh-2"},
      {"user",
       {{"id", "u1"}}}}.dump();
  upstream_.push(short_lived);
  EXPECT_EQ(json::parse(refresh(signed_in["refresh_token"]).body)["expires_in"], 1);
  for (int i = 0; i < 3; ++i) {
    clock_.advance(400ms);
    upstream_.push(short_lived);
    EXPECT_EQ(json::parse(refresh(signed_in["refresh_token"]).body)["expires_in"], 1) << i;
  }
}

TEST_F(AuthTest, AFaultHereSignsNobodyOut) {
  const json signed_in = sign_in();
  clock_.advance(1h);
  upstream_.push(session(2));
  storage_.fail(true);
  EXPECT_EQ(refresh(signed_in["refresh_token"]).status, 503);
  storage_.fail(false);
  upstream_.push(session(3));
  EXPECT_EQ(refresh(signed_in["refresh_token"]).status, 200);
}

TEST_F(AuthTest, ASecondFactorGivesTheAppNoRefreshTokenOfTheUpstreams) {
  const json signed_in = sign_in();
  upstream_.push(session(2));
  const json answer = json::parse(auth("POST", "factors/f1/verify", "{}", token(1)).body);
  EXPECT_EQ(answer["access_token"], token(2));
  EXPECT_EQ(answer["refresh_token"], signed_in["refresh_token"]);
  clock_.advance(1h);
  upstream_.push(session(3));
  EXPECT_EQ(refresh(signed_in["refresh_token"]).status, 200);
  EXPECT_EQ(json::parse(upstream_.calls().back().body)["refresh_token"], "upstream-refresh-2");
}

TEST_F(AuthTest, OfflineAKnownSessionIsRefreshedWithATokenThatServesHereOnly) {
  const json signed_in = sign_in();
  upstream_.set_offline(true);
  go_offline();
  clock_.advance(2h);
  const auto answer = refresh(signed_in["refresh_token"]);
  ASSERT_EQ(answer.status, 200);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["refresh_token"], signed_in["refresh_token"]);
  EXPECT_EQ(body["expires_at"], now_seconds() + 3600);
  EXPECT_EQ(body["user"]["id"], "u1");
  const std::string minted = body["access_token"];
  EXPECT_NE(minted, token(1));

  http::Headers headers{{"apikey", kKey}, {"Authorization", "Bearer " + minted}};
  EXPECT_NE(ask({"GET", "/rest/v1/todos", headers, ""}).status, 401);
  EXPECT_EQ(json::parse(auth("GET", "user", "", minted).body)["email"], "a@example.com");
}

// Hard case 25.
TEST_F(AuthTest, ATokenThatIsMadeHereIsARecordOfTheJournal) {
  const json signed_in = sign_in();
  upstream_.set_offline(true);
  go_offline();
  clock_.advance(2h);
  ASSERT_EQ(refresh(signed_in["refresh_token"]).status, 200);
  std::int64_t records = 0;
  for (const auto& store : stores_.all()) {
    if (store->principal().kind != http::Principal::Kind::kUser) continue;
    auto reader = store->reader();
    cache::Statement statement(
        *reader, "SELECT count(*) FROM hf_journal WHERE event='note' AND subject='token'");
    statement.step();
    records += statement.integer(0);
  }
  EXPECT_EQ(records, 1);
}

TEST_F(AuthTest, OfflineWhatNeedsTheUpstreamIs503AndNever4xx) {
  sign_in();
  upstream_.set_offline(true);
  go_offline();
  EXPECT_EQ(refresh("unknown").status, 503);
  EXPECT_EQ(auth("POST", "token?grant_type=password", "{}").status, 503);
  EXPECT_EQ(auth("POST", "signup", "{}").status, 503);
  EXPECT_EQ(auth("GET", "user").status, 503);
  EXPECT_EQ(auth("PUT", "user", "{}", token(1)).status, 503);
  EXPECT_EQ(auth("POST", "otp", "{}").status, 503);
  EXPECT_EQ(auth("GET", "settings").status, 503);
}

TEST_F(AuthTest, TheOfflineGraceEnds) {
  const json signed_in = sign_in();
  upstream_.set_offline(true);
  go_offline();
  clock_.advance(9 * 24h);
  EXPECT_EQ(refresh(signed_in["refresh_token"]).status, 503);
}

TEST_F(AuthTest, ARefusedRefreshSignsThePersonOutAndItsGatewayTokensEnd) {
  const json signed_in = sign_in();
  upstream_.set_offline(true);
  go_offline();
  clock_.advance(2h);
  const std::string minted = json::parse(refresh(signed_in["refresh_token"]).body)["access_token"];
  upstream_.set_offline(false);
  go_online();
  upstream_.push(400, R"({"code":"session_not_found","message":"gone"})");
  EXPECT_EQ(refresh(signed_in["refresh_token"]).status, 400);
  http::Headers headers{{"apikey", kKey}, {"Authorization", "Bearer " + minted}};
  EXPECT_EQ(ask({"GET", "/rest/v1/todos", headers, ""}).status, 401);
}

TEST_F(AuthTest, AnOfflineSignOutEndsLocalAccessAtOnce) {
  const json signed_in = sign_in();
  upstream_.set_offline(true);
  go_offline();
  EXPECT_EQ(auth("POST", "logout?scope=local", "", token(1)).status, 204);
  EXPECT_EQ(refresh(signed_in["refresh_token"]).status, 503);
  http::Headers headers{{"apikey", kKey}, {"Authorization", "Bearer " + token(1)}};
  EXPECT_EQ(ask({"GET", "/rest/v1/todos", headers, ""}).status, 401);
  EXPECT_EQ(sign_ins_.sessions.ended().size(), 1);
}

TEST_F(AuthTest, AnOnlineSignOutIsTheUpstreams) {
  const json signed_in = sign_in();
  upstream_.push(204, "");
  EXPECT_EQ(auth("POST", "logout?scope=global", "", token(1)).status, 204);
  EXPECT_FALSE(sign_ins_.sessions.of_app_token(std::string(signed_in["refresh_token"])));
  EXPECT_TRUE(sign_ins_.sessions.ended().empty());
}

TEST_F(AuthTest, KeysAreTheUpstreamsAndTheGatewaysAlsoOffline) {
  upstream_.push(200, R"({"keys":[{"kid":"upstream-key","kty":"EC"}]})");
  const auto online = auth("GET", ".well-known/jwks.json");
  upstream_.set_offline(true);
  go_offline();
  const auto offline = auth("GET", ".well-known/jwks.json");
  EXPECT_EQ(online.body, offline.body);
  const json keys = json::parse(offline.body)["keys"];
  ASSERT_EQ(keys.size(), 2);
  EXPECT_EQ(keys[0]["kid"], "upstream-key");
  EXPECT_EQ(keys[1]["alg"], "ES256");
  EXPECT_EQ(header(offline, "Cache-Control"), "public, max-age=600");
}

}  // namespace
}  // namespace holdfast::routes
