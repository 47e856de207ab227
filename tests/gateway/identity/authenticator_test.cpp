#include "gateway/identity/authenticator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/identity/memory_storage.h"
#include "tests/gateway/identity/tokens.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;
using http::Principal;
using Reachability = Authenticator::Reachability;
using Kind = Principal::Kind;

const std::string kAnonKey = "sb_publishable_fake";
const std::string kServiceKey = "sb_secret_fake";

class AuthenticatorTest : public ::testing::Test {
 protected:
  AuthenticatorTest() { use(std::string(kSecret)); }

  void use(std::string jwt_secret) {
    const IdentityOptions options{std::move(jwt_secret), kAnonKey, kServiceKey, 7 * 24h};
    authenticator_ = std::make_unique<Authenticator>(
        options, upstream_, book_, keeper_, [this] { return reachability_; }, clock_);
  }
  static std::string seconds(Timestamp time) {
    return std::to_string(
        std::chrono::floor<std::chrono::seconds>(time.time_since_epoch()).count());
  }
  static http::Request request(const std::string& key, const std::string& authorization = "") {
    http::Request made;
    made.method = "GET";
    made.target = "/rest/v1/todos";
    if (!key.empty()) made.headers.add("apikey", key);
    if (!authorization.empty()) made.headers.add("Authorization", authorization);
    return made;
  }
  // The claims end at the time given.
  std::string user(const std::string& subject, Timestamp expires) {
    return R"({"sub":")" + subject + R"(","role":"authenticated","exp":)" +
           std::to_string(
               std::chrono::floor<std::chrono::seconds>(expires.time_since_epoch()).count()) +
           "}";
  }
  std::string user_token(const std::string& subject = "u1") {
    return hs256(user(subject, clock_.now() + 1h));
  }
  http::Caller accepted(const http::Request& asked) {
    auto outcome = authenticator_->authenticate(asked);
    const auto* caller = std::get_if<http::Caller>(&outcome);
    EXPECT_NE(caller, nullptr) << refused(asked);
    return caller == nullptr ? http::Caller{} : *caller;
  }
  http::Caller accepted_bearer(const std::string& token) {
    return accepted(request(kAnonKey, "Bearer " + token));
  }
  std::string refused(const http::Request& asked) {
    auto outcome = authenticator_->authenticate(asked);
    if (const auto* error = std::get_if<Error>(&outcome)) return error->code + " " + error->message;
    return outcome.index() == 0 ? "accepted" : "needs confirmation";
  }
  std::string refused_bearer(const std::string& token) {
    return refused(request(kAnonKey, "Bearer " + token));
  }

  support::ManualClock clock_;
  support::FakeUpstream upstream_;
  const IdentityOptions no_secret_{"", kAnonKey, kServiceKey, 7 * 24h};
  TokenBook book_{no_secret_};
  MemoryStorage storage_;
  SessionKeeper keeper_{storage_, std::string(32, 'k'), upstream_, book_, no_secret_, clock_};
  Reachability reachability_ = Reachability::kOnline;
  std::unique_ptr<Authenticator> authenticator_;
};

TEST_F(AuthenticatorTest, MissingKeyIsTheEdges401) {
  const auto outcome = authenticator_->authenticate(request(""));
  const auto* error = std::get_if<Error>(&outcome);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->kind, ErrorKind::kUnauthorized);
  EXPECT_EQ(error->code, "HF_NO_API_KEY");
  EXPECT_EQ(error->message, "No API key found in request");
  EXPECT_EQ(error->hint, "No `apikey` request header or url param was found.");
}

TEST_F(AuthenticatorTest, WrongKeyIsTheEdges401) {
  const auto outcome = authenticator_->authenticate(request("sb_publishable_other"));
  const auto* error = std::get_if<Error>(&outcome);
  ASSERT_NE(error, nullptr);
  EXPECT_EQ(error->code, "HF_INVALID_API_KEY");
  EXPECT_EQ(error->message, "Invalid API key");
  EXPECT_EQ(error->hint, "Double check your Supabase `anon` or `service_role` API key.");
  EXPECT_EQ(refused(request(kAnonKey + "x")), "HF_INVALID_API_KEY Invalid API key");
  EXPECT_EQ(refused(request(user_token())), "HF_INVALID_API_KEY Invalid API key");
}

TEST_F(AuthenticatorTest, WrongKeyIsRefusedWhateverTheBearer) {
  EXPECT_EQ(refused(request("wrong", "Bearer " + user_token())),
            "HF_INVALID_API_KEY Invalid API key");
  EXPECT_EQ(refused(request("", "Bearer " + user_token())),
            "HF_NO_API_KEY No API key found in request");
}

TEST_F(AuthenticatorTest, KeyMayComeInTheQuery) {
  auto asked = request("");
  asked.target = "/rest/v1/todos?select=id&apikey=sb_publishable%5Ffake";
  EXPECT_EQ(accepted(asked).principal, Principal::anonymous());
  EXPECT_EQ(accepted(asked).api_key, kAnonKey);
  asked.headers.add("apikey", "");
  EXPECT_EQ(accepted(asked).api_key, kAnonKey);
  asked.target = "/rest/v1/todos?apikey=";
  EXPECT_EQ(refused(asked), "HF_NO_API_KEY No API key found in request");
}

TEST_F(AuthenticatorTest, KeyAloneSaysWhoItIs) {
  EXPECT_EQ(accepted(request(kAnonKey)).principal.kind, Kind::kAnonymous);
  EXPECT_EQ(accepted(request(kServiceKey)).principal.kind, Kind::kService);
}

TEST_F(AuthenticatorTest, KeyAsBearerIsNoToken) {
  const auto caller = accepted(request(kAnonKey, "Bearer " + kAnonKey));
  EXPECT_EQ(caller.principal.kind, Kind::kAnonymous);
  EXPECT_EQ(caller.bearer, kAnonKey);
  EXPECT_EQ(accepted(request(kAnonKey, "Bearer " + kServiceKey)).principal.kind, Kind::kService);
  EXPECT_EQ(refused_bearer("sb_secret_other"), "PGRST301 Expected 3 parts in JWT; got 1");
}

TEST_F(AuthenticatorTest, LegacyKeysThatTheSecretVerifiesAreAccepted) {
  const auto anonymous = hs256(R"({"iss":"supabase","role":"anon","exp":9999999999})");
  const auto service = hs256(R"({"iss":"supabase","role":"service_role","exp":9999999999})");
  EXPECT_EQ(accepted(request(anonymous, "Bearer " + anonymous)).principal.kind, Kind::kAnonymous);
  EXPECT_EQ(accepted(request(service)).principal.kind, Kind::kService);
  EXPECT_EQ(accepted(request(kAnonKey, "Bearer " + service)).principal.kind, Kind::kService);
  EXPECT_EQ(refused(request(hs256(R"({"role":"anon"})", "another secret"))),
            "HF_INVALID_API_KEY Invalid API key");
  EXPECT_EQ(refused(request(hs256(R"({"role":"anon","exp":1})"))),
            "HF_INVALID_API_KEY Invalid API key");
}

TEST_F(AuthenticatorTest, LegacyKeyIsRefusedWithoutASecretToVerifyIt) {
  use("");
  EXPECT_EQ(refused(request(hs256(R"({"role":"anon"})"))), "HF_INVALID_API_KEY Invalid API key");
}

TEST_F(AuthenticatorTest, VerifiedTokenIsItsUser) {
  const auto token = user_token();
  const auto caller = accepted_bearer(token);
  EXPECT_EQ(caller.principal.kind, Kind::kUser);
  EXPECT_EQ(caller.principal.subject, "u1");
  EXPECT_EQ(caller.api_key, kAnonKey);
  EXPECT_EQ(caller.bearer, token);
  EXPECT_FALSE(caller.token_expired);
  EXPECT_TRUE(caller.token_expires.has_value());
  EXPECT_EQ(accepted_bearer(token).principal, caller.principal);
}

TEST_F(AuthenticatorTest, SchemeIsComparedWithoutCaseAndOthersAreIgnored) {
  EXPECT_EQ(accepted(request(kAnonKey, "bearer " + user_token())).principal.kind, Kind::kUser);
  EXPECT_EQ(accepted(request(kAnonKey, "Basic dTpw")).principal.kind, Kind::kAnonymous);
  EXPECT_EQ(refused(request(kAnonKey, "Bearer ")),
            "PGRST301 Empty JWT is sent in Authorization header");
  EXPECT_EQ(refused(request(kAnonKey, "Bearer")),
            "PGRST301 Empty JWT is sent in Authorization header");
}

// What the upstream takes for a user's is never anonymous here.
TEST_F(AuthenticatorTest, AnyWhitespaceOfPostgrestsEndsTheScheme) {
  for (const char* between : {" ", "   ", "\t", " \t", "\v", "\f", "\xa0"}) {
    const auto caller = accepted(request(kAnonKey, "Bearer" + (between + user_token())));
    EXPECT_EQ(caller.principal.subject, "u1");
    EXPECT_EQ(caller.bearer, user_token());
  }
}

TEST_F(AuthenticatorTest, ForgedTokenIsRefused) {
  EXPECT_EQ(refused_bearer(hs256(R"({"sub":"u1"})", "another secret")),
            "PGRST301 No suitable key or wrong key type");
  EXPECT_EQ(refused_bearer("garbage"), "PGRST301 Expected 3 parts in JWT; got 1");
}

TEST_F(AuthenticatorTest, AlgorithmIsBoundToTheKey) {
  const auto none = crypto::base64url_encode(R"({"alg":"none"})") + "." +
                    crypto::base64url_encode(R"({"sub":"u1"})") + ".";
  EXPECT_EQ(refused_bearer(none), "PGRST301 Wrong or unsupported encoding algorithm");
  for (const std::string algorithm : {"HS384", "HS512", "hs256", "None", "dir"}) {
    const auto token = token_with(R"({"alg":")" + algorithm + "\"}", R"({"sub":"u1"})");
    EXPECT_EQ(refused_bearer(token), "PGRST301 No suitable key or wrong key type") << algorithm;
  }
  const auto es256 = token_with(R"({"alg":"ES256","kid":"k"})", R"({"sub":"u1"})");
  EXPECT_EQ(refused_bearer(es256), "needs confirmation");
}

TEST_F(AuthenticatorTest, ExpiryIsJudgedAgainForAKnownToken) {
  const auto token = user_token();
  accepted_bearer(token);
  clock_.advance(1h + 29s);
  accepted_bearer(token);
  clock_.advance(3s);
  EXPECT_EQ(refused_bearer(token), "PGRST303 JWT expired");
}

TEST_F(AuthenticatorTest, TokenOfTheFutureIsRefusedUntilItsTime) {
  const auto start = seconds(clock_.now() + 100s);
  const auto later = hs256(R"({"sub":"u1","nbf":)" + start + "}");
  EXPECT_EQ(refused_bearer(later), "PGRST303 JWT not yet valid");
  EXPECT_EQ(refused_bearer(hs256(R"({"sub":"u1","iat":)" + start + "}")),
            "PGRST303 JWT issued at future");
  clock_.advance(100s);
  const auto caller = accepted_bearer(later);
  EXPECT_TRUE(book_.caller_for(caller.principal.id, clock_.now()).has_value());
}

// After a start without a network nothing says yet that nobody is there.
TEST_F(AuthenticatorTest, ExpiredTokenPassesOnlyWhileNobodyIsKnownToBeThereAndWithinTheGrace) {
  const auto token = hs256(user("u1", clock_.now() - 1min));
  EXPECT_EQ(refused_bearer(token), "PGRST303 JWT expired");
  reachability_ = Reachability::kUnknown;
  EXPECT_TRUE(accepted_bearer(token).token_expired);
  reachability_ = Reachability::kOffline;
  const auto caller = accepted_bearer(token);
  EXPECT_TRUE(caller.token_expired);
  EXPECT_EQ(caller.principal.subject, "u1");
  EXPECT_FALSE(book_.caller_for(caller.principal.id, clock_.now()).has_value());
  clock_.advance(7 * 24h - 1min);
  accepted_bearer(token);
  clock_.advance(2s);
  EXPECT_EQ(refused_bearer(token), "PGRST303 JWT expired");
}

TEST_F(AuthenticatorTest, ExpiredLegacyKeyIsRefusedOfflineToo) {
  reachability_ = Reachability::kOffline;
  const auto key = hs256(R"({"role":"anon","exp":)" + seconds(clock_.now() - 1min) + "}");
  EXPECT_EQ(refused(request(key)), "HF_INVALID_API_KEY Invalid API key");
}

TEST_F(AuthenticatorTest, TokenThatAWrongClockTookForExpiredIsEnteredWhenTheClockIsSetRight) {
  const auto right = clock_.now();
  const auto token = user_token();
  reachability_ = Reachability::kOffline;
  clock_.set(right + 24h);
  const auto id = accepted_bearer(token).principal.id;
  clock_.set(right);
  accepted_bearer(token);
  EXPECT_TRUE(book_.caller_for(id, right).has_value());
}

TEST_F(AuthenticatorTest, AcceptedTokenIsEnteredInTheBook) {
  const auto token = user_token();
  const auto id = accepted_bearer(token).principal.id;
  EXPECT_EQ(book_.caller_for(id, clock_.now())->bearer, token);
  book_.forget(id, token);
  accepted_bearer(token);
  EXPECT_FALSE(book_.caller_for(id, clock_.now()).has_value());
}

TEST_F(AuthenticatorTest, ClaimsOfEachAcceptedTokenAreToldOnceAndThoseOfARefusedOneNever) {
  std::vector<std::string> told;
  authenticator_->observe_claims([&](const Claims& claims) {
    // Whoever pulls for it must find its token.
    EXPECT_TRUE(book_.caller_for(claims.principal.id, clock_.now()).has_value());
    told.push_back(claims.principal.subject);
  });
  const auto token = user_token("u1");
  accepted_bearer(token);
  accepted_bearer(token);
  accepted_bearer(user_token("u2"));
  refused_bearer(hs256(user("u3", clock_.now() + 1h), "another secret"));
  refused_bearer(hs256(user("u4", clock_.now() - 1h)));
  EXPECT_EQ(told, (std::vector<std::string>{"u1", "u2"}));
}

TEST_F(AuthenticatorTest, RefusedTokenIsNotEnteredInTheBook) {
  const auto forged = hs256(user("u1", clock_.now() + 1h), "another secret");
  refused_bearer(forged);
  const auto id = "user-" + crypto::sha256_hex("u1").substr(0, 32);
  EXPECT_FALSE(book_.caller_for(id, clock_.now()).has_value());
}

class ConfirmationTest : public AuthenticatorTest {
 protected:
  ConfirmationTest() { use(""); }
  std::string confirmed(const std::string& token) {
    auto caller = authenticator_->confirm(request(kAnonKey, "Bearer " + token));
    return caller ? caller->principal.subject : caller.error().code + " " + caller.error().message;
  }
};

TEST_F(ConfirmationTest, TokenThatNobodyHereCanVerifyIsNotAccepted) {
  EXPECT_EQ(refused_bearer(user_token()), "needs confirmation");
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(ConfirmationTest, UpstreamIsAskedOnceWithTheTokenAndTheKey) {
  const auto token = user_token();
  upstream_.push(200, R"({"id":"u1","email":"a@example.test"})");
  EXPECT_EQ(confirmed(token), "u1");
  ASSERT_EQ(upstream_.calls().size(), 1U);
  const auto call = upstream_.calls()[0];
  EXPECT_EQ(call.method, "GET");
  EXPECT_EQ(call.target, "/auth/v1/user");
  EXPECT_EQ(call.headers.find("apikey"), kAnonKey);
  EXPECT_EQ(call.headers.find("Authorization"), "Bearer " + token);

  EXPECT_EQ(accepted_bearer(token).principal.subject, "u1");
  EXPECT_EQ(confirmed(token), "u1");
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_TRUE(book_.caller_for(accepted_bearer(token).principal.id, clock_.now()).has_value());
}

TEST_F(ConfirmationTest, UpstreamsRefusalIsA401) {
  upstream_.push(403, R"({"code":403,"error_code":"bad_jwt"})");
  EXPECT_EQ(confirmed(user_token()), "PGRST301 No suitable key or wrong key type");
  upstream_.push(401);
  EXPECT_EQ(confirmed(user_token()), "PGRST301 No suitable key or wrong key type");
  EXPECT_EQ(refused_bearer(user_token()), "needs confirmation");
}

TEST_F(ConfirmationTest, AnotherUsersAnswerIsARefusal) {
  upstream_.push(200, R"({"id":"u2"})");
  EXPECT_EQ(confirmed(user_token("u1")), "PGRST301 No suitable key or wrong key type");
}

TEST_F(ConfirmationTest, AnswerThatSaysNothingIsUnavailable) {
  const auto code = [&] { return confirmed(user_token()).substr(0, 5); };
  upstream_.push(200, "<html>Welcome to the hotel</html>");
  EXPECT_EQ(code(), "HF504");
  upstream_.push(200, "{}");
  EXPECT_EQ(code(), "HF504");
  upstream_.push(500);
  EXPECT_EQ(code(), "HF504");
  upstream_.push(302, R"({"id":"u1"})");
  EXPECT_EQ(code(), "HF504");
  upstream_.set_offline(true);
  EXPECT_EQ(code(), "HF504");
}

TEST_F(ConfirmationTest, ConfirmedTokenWorksOfflineAndPastItsExpiryWithinTheGrace) {
  const auto token = user_token();
  upstream_.push(200, R"({"id":"u1"})");
  EXPECT_EQ(confirmed(token), "u1");
  upstream_.set_offline(true);
  reachability_ = Reachability::kOffline;
  clock_.advance(2h);
  EXPECT_TRUE(accepted_bearer(token).token_expired);
}

TEST_F(ConfirmationTest, ExpiredTokenIsNotWorthACallOnlineAndUnavailableOffline) {
  const auto token = hs256(user("u1", clock_.now() - 1min));
  EXPECT_EQ(confirmed(token), "PGRST303 JWT expired");
  EXPECT_TRUE(upstream_.calls().empty());
  reachability_ = Reachability::kOffline;
  upstream_.set_offline(true);
  EXPECT_EQ(confirmed(token).substr(0, 5), "HF504");
}

// Neither would pass if it were confirmed, so that nobody is signed out by not asking.
TEST_F(ConfirmationTest, WhatNoConfirmationCanSaveIsRefusedOfflineToo) {
  reachability_ = Reachability::kOffline;
  upstream_.set_offline(true);
  EXPECT_EQ(confirmed(hs256(user("u1", clock_.now() - 8 * 24h))), "PGRST303 JWT expired");
  EXPECT_EQ(confirmed(hs256(R"({"role":"authenticated"})")),
            "PGRST301 No suitable key or wrong key type");
  EXPECT_EQ(
      confirmed(hs256(R"({"role":"authenticated","exp":)" + seconds(clock_.now() - 1h) + "}")),
      "PGRST303 JWT expired");
}

TEST_F(ConfirmationTest, TokenWithoutASubCannotBeConfirmed) {
  upstream_.push(200, R"({"id":"u1"})");
  EXPECT_EQ(confirmed(hs256(R"({"role":"authenticated"})")),
            "PGRST301 No suitable key or wrong key type");
}

TEST_F(ConfirmationTest, Hs256IsOnlyVerifiedHereWhenThereIsASecret) {
  use(std::string(kSecret));
  EXPECT_EQ(confirmed(user_token()), "u1");
  EXPECT_EQ(confirmed(hs256(R"({"sub":"u1"})", "another secret")),
            "PGRST301 No suitable key or wrong key type");
  EXPECT_TRUE(upstream_.calls().empty());
  upstream_.push(200, R"({"keys":[]})");
  upstream_.push(200, R"({"id":"u1"})");
  EXPECT_EQ(confirmed(token_with(R"({"alg":"ES256"})", R"({"sub":"u1"})")), "u1");
}

TEST_F(ConfirmationTest, KeysAndRefusalsNeedNoConfirmation) {
  EXPECT_EQ(confirmed(kAnonKey), "");
  EXPECT_EQ(confirmed("garbage"), "PGRST301 Expected 3 parts in JWT; got 1");
  EXPECT_TRUE(upstream_.calls().empty());
}

}  // namespace
}  // namespace holdfast::identity
