// The keys that Supabase's edge asks for, and its own words where they are missing or wrong.

#include "tests/gateway/identity/tokens.h"
#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

constexpr const char* kMissing =
    R"({"message":"No API key found in request","hint":"No `apikey` request header or url param was found."})";
constexpr const char* kWrong =
    R"({"message":"Invalid API key","hint":"Double check your Supabase `anon` or `service_role` API key."})";

class EdgeTest : public RoutesTest {
 protected:
  EdgeTest() {
    put("lists", R"([{"id":1}])");
    upstream_.respond_with([](const upstream::Call&) -> upstream::Outcome {
      upstream::Answer answer;
      answer.status = 200;
      answer.body = R"({"keys":[]})";
      return answer;
    });
  }
  // The status, and the body where it is the edge's.
  std::string send(const std::string& method, const std::string& target, http::Headers headers) {
    const auto response = ask({method, target, std::move(headers), ""});
    const bool refused = response.status == 401;
    if (refused) {
      EXPECT_EQ(header(response, "Content-Type"), "application/json; charset=utf-8");
    }
    return std::to_string(response.status) + (refused ? " " + response.body : "");
  }
  std::string with_key(const std::string& target, const std::string& key) {
    return send("GET", target, {{"apikey", key}});
  }
};

const std::vector<std::string> kTargets = {"/rest/v1/lists",    "/rest/v1/",
                                           "/rest/v1/rpc/f",    "/auth/v1/user",
                                           "/auth/v1/settings", "/auth/v1/health"};

TEST_F(EdgeTest, AMissingKeyIsRefusedInTheEdgesWords) {
  for (const auto& target : kTargets) {
    EXPECT_EQ(send("GET", target, {}), std::string("401 ") + kMissing) << target;
    EXPECT_EQ(with_key(target, ""), std::string("401 ") + kMissing) << target;
    // A token is no key.
    EXPECT_EQ(send("GET", target, {{"Authorization", std::string("Bearer ") + kKey}}),
              std::string("401 ") + kMissing)
        << target;
  }
  EXPECT_TRUE(upstream_.calls().empty());
}

// RFC 9110 7.6.1.
TEST_F(EdgeTest, WhatConcernsTheConnectionAloneGoesNoFurther) {
  send("GET", "/auth/v1/health",
       {{"apikey", kKey}, {"Connection", "close, X-Mine"}, {"X-Mine", "1"}, {"X-Theirs", "2"}});
  const auto headers = upstream_.calls().back().headers;
  EXPECT_FALSE(headers.contains("Connection"));
  EXPECT_FALSE(headers.contains("X-Mine"));
  EXPECT_TRUE(headers.contains("X-Theirs"));
}

// Hard case 27: the dashboard is at the same origin.
TEST_F(EdgeTest, APageOfTheUpstreamsIsNoPageOfThisOrigin) {
  for (const char* type : {"text/html; charset=utf-8", "image/svg+xml", "application/json"}) {
    upstream_.respond_with([type](const upstream::Call&) -> upstream::Outcome {
      upstream::Answer answer;
      answer.status = 200;
      answer.headers.add("Content-Type", type);
      return answer;
    });
    const auto response = ask({"GET", "/storage/v1/object/public/a/page", {}, ""});
    const bool page = std::string_view(type) != "application/json";
    EXPECT_EQ(header(response, "Content-Security-Policy"), page ? "sandbox" : "(none)") << type;
  }
}

TEST_F(EdgeTest, TheKeyAndTokenThatWereJudgedHereGoUpstreamAndNoOther) {
  send("GET", "/auth/v1/health",
       {{"apikey", kKey},
        {"Authorization", std::string("Bearer ") + kKey},
        {"apikey", "sb_secret_other"},
        {"authorization", "Bearer another"}});
  const http::Headers sent = upstream_.calls().back().headers;
  EXPECT_EQ(sent.list("apikey"), std::vector<std::string_view>{kKey});
  EXPECT_EQ(sent.list("Authorization"),
            std::vector<std::string_view>{std::string_view("Bearer sb_publishable_test")});
}

TEST_F(EdgeTest, AWrongKeyIsRefusedInTheEdgesWords) {
  const auto user = identity::hs256(R"({"sub":"u1","role":"authenticated"})");
  const auto legacy = identity::hs256(R"({"role":"anon","iss":"supabase"})", "another project's");
  for (const auto& target : kTargets) {
    for (const std::string& key : {std::string("sb_publishable_other"), std::string("sb_secret_x"),
                                   std::string(kKey) + "x", user, legacy, std::string("x")}) {
      EXPECT_EQ(with_key(target, key), std::string("401 ") + kWrong) << target << " with " << key;
    }
  }
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(EdgeTest, PublishableAndSecretKeysComeInAHeaderOrInTheQuery) {
  EXPECT_EQ(with_key("/rest/v1/lists?select=id", kKey), "200");
  EXPECT_EQ(with_key("/rest/v1/lists?select=id", "sb_secret_test"), "200");
  EXPECT_EQ(send("GET", std::string("/rest/v1/lists?select=id&apikey=") + kKey, {}), "200");
  EXPECT_EQ(with_key("/auth/v1/settings", kKey), "200");
  EXPECT_EQ(send("GET", std::string("/auth/v1/settings?apikey=") + kKey, {}), "200");
}

TEST_F(EdgeTest, PathsThatBrowsersVisitNeedNoKey) {
  for (const std::string path :
       {"verify?token=t&type=signup", "callback?code=c", "authorize?provider=github",
        ".well-known/jwks.json", ".well-known/openid-configuration", "sso/saml/metadata"}) {
    EXPECT_EQ(send("GET", "/auth/v1/" + path, {}), "200") << path;
  }
  EXPECT_EQ(send("POST", "/auth/v1/sso/saml/acs", {}), "200");
  EXPECT_EQ(send("GET", "/storage/v1/object/public/a/b.png", {}), "200");
  EXPECT_EQ(send("GET", "/functions/v1/hello", {}), "200");
}

TEST_F(EdgeTest, OfflineASessionIsRefreshedForNobodyWithoutAKey) {
  upstream_.set_offline(true);
  go_offline();
  EXPECT_EQ(send("POST", "/auth/v1/token?grant_type=refresh_token", {}),
            std::string("401 ") + kMissing);
  EXPECT_EQ(send("POST", "/auth/v1/logout", {}), std::string("401 ") + kMissing);
  EXPECT_EQ(with_key("/auth/v1/user", kKey), "503");
  EXPECT_EQ(send("GET", "/auth/v1/.well-known/jwks.json", {}), "200");
}

}  // namespace
}  // namespace holdfast::routes
