#include "gateway/identity/token_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace holdfast::identity {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;

class TokenBookTest : public ::testing::Test {
 protected:
  TokenBookTest() {
    book_.observe([this](const std::string& id) { told_.push_back(id); });
  }
  static IdentityOptions options() {
    return {"", "sb_publishable_fake", "header.service.signature", 7 * 24h};
  }
  void seen(const std::string& bearer, std::optional<Timestamp> expires,
            std::optional<Timestamp> issued = std::nullopt, const std::string& epoch = "") {
    http::Caller caller;
    caller.principal.kind = http::Principal::Kind::kUser;
    caller.principal.id = "user-1";
    caller.api_key = "key";
    caller.bearer = bearer;
    caller.token_expires = expires;
    caller.epoch = epoch;
    book_.remember(caller, issued, now_);
  }
  std::string bearer() const {
    const auto caller = book_.caller_for("user-1", now_);
    return caller ? caller->bearer : "none";
  }

  Timestamp now_{std::chrono::hours(1000)};
  TokenBook book_{options()};
  std::vector<std::string> told_;
};

TEST_F(TokenBookTest, UnknownPrincipalHasNoCredentials) { EXPECT_EQ(bearer(), "none"); }

TEST_F(TokenBookTest, GivesTheCallerWithItsKeyAndToken) {
  seen("a", now_ + 1h);
  const auto caller = book_.caller_for("user-1", now_);
  ASSERT_TRUE(caller);
  EXPECT_EQ(caller->api_key, "key");
  EXPECT_EQ(caller->bearer, "a");
  EXPECT_EQ(caller->principal.id, "user-1");
}

TEST_F(TokenBookTest, TheLongestLastingTokenStays) {
  seen("a", now_ + 1h);
  seen("shorter", now_ + 30min);
  EXPECT_EQ(bearer(), "a");
  seen("longer", now_ + 2h);
  EXPECT_EQ(bearer(), "longer");
  seen("same end, issued later", now_ + 2h, now_);
  EXPECT_EQ(bearer(), "same end, issued later");
  seen("without end", std::nullopt);
  EXPECT_EQ(bearer(), "without end");
}

TEST_F(TokenBookTest, ExpiredTokenIsNotGivenNorKept) {
  seen("a", now_ + 1h);
  now_ += 1h;
  EXPECT_EQ(bearer(), "none");
  seen("stale", now_ - 1s);
  EXPECT_EQ(bearer(), "none");
}

TEST_F(TokenBookTest, ExpiredLongerTokenDoesNotHinderANewOne) {
  seen("a", now_ + 1h);
  now_ += 2h;
  seen("b", now_ + 1min);
  EXPECT_EQ(bearer(), "b");
}

TEST_F(TokenBookTest, ObserversHearOfCredentialsAfterNone) {
  seen("a", now_ + 1h);
  seen("b", now_ + 2h);
  EXPECT_THAT(told_, ElementsAre("user-1"));
  now_ += 3h;
  seen("c", now_ + 1h);
  EXPECT_THAT(told_, ElementsAre("user-1", "user-1"));
}

// Hard case 1: what is held for changed claims goes when they are what they were.
TEST_F(TokenBookTest, ObserversHearOfOtherClaims) {
  seen("a", now_ + 1h, std::nullopt, "member of a");
  seen("b", now_ + 2h, std::nullopt, "member of b");
  EXPECT_THAT(told_, ElementsAre("user-1", "user-1"));
  seen("c", now_ + 3h, std::nullopt, "member of b");
  EXPECT_EQ(told_.size(), 2U);
}

TEST_F(TokenBookTest, ObserverMayAskTheBook) {
  std::string found;
  book_.observe([&](const std::string& id) { found = book_.caller_for(id, now_)->bearer; });
  seen("a", now_ + 1h);
  EXPECT_EQ(found, "a");
}

TEST_F(TokenBookTest, RefusedTokenIsForgottenButNotANewerOne) {
  seen("a", now_ + 1h);
  book_.forget("user-1", "other");
  EXPECT_EQ(bearer(), "a");
  book_.forget("user-1", "a");
  EXPECT_EQ(bearer(), "none");
  seen("b", now_ + 1min);
  EXPECT_THAT(told_, ElementsAre("user-1", "user-1"));
}

TEST_F(TokenBookTest, KeysServeTheirPrincipalsFromTheStart) {
  const auto anonymous = book_.caller_for("anon", now_);
  ASSERT_TRUE(anonymous);
  EXPECT_EQ(anonymous->api_key, "sb_publishable_fake");
  EXPECT_EQ(anonymous->bearer, "");
  const auto service = book_.caller_for("service", now_);
  ASSERT_TRUE(service);
  EXPECT_EQ(service->principal.role, "service_role");
  EXPECT_EQ(service->bearer, "header.service.signature");
  book_.forget("service", service->bearer);
  EXPECT_TRUE(book_.caller_for("service", now_).has_value());
}

}  // namespace
}  // namespace holdfast::identity
