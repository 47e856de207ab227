#include <gmock/gmock.h>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::HasSubstr;

// Hard case 10, for what only the upstream can decide: writes of a table that go through, and a
// function that nobody has listed.
class ForwardedOnceTest : public RoutesTest {
 protected:
  ForwardedOnceTest() {
    replica_.table_options["todos"].writes = cache::WriteMode::kThrough;
    go_online();
    upstream_.respond_with([this](const upstream::Call&) -> upstream::Outcome {
      return upstream::Answer{status_, {{"Content-Type", "application/json"}}, body_, {}, {}};
    });
  }

  http::Response sell(const std::string& body = kSale, const std::string& key = "sale-1") {
    return rest("POST", "todos", body, {{"Idempotency-Key", key}});
  }

  static constexpr const char* kSale = R"({"id":1,"title":"a"})";
  int status_ = 201;
  std::string body_;
};

TEST_F(ForwardedOnceTest, ARepeatedKeyHearsTheFirstAnswerAndIsNotForwardedAgain) {
  body_ = R"([{"id":1}])";
  const auto first = sell();
  const auto again = sell();
  EXPECT_EQ(first.status, 201);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(sell(kSale, "sale-2").status, 201);
  EXPECT_EQ(upstream_.calls().size(), 2U);
}

TEST_F(ForwardedOnceTest, ACallOfAFunctionIsMadeOnceUnderOneKey) {
  const auto pay = [this] { return rest("POST", "rpc/pay", "{}", {{"Idempotency-Key", "p"}}); };
  status_ = 200;
  body_ = "7";
  EXPECT_EQ(pay().body, "7");
  EXPECT_EQ(pay().body, "7");
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(ForwardedOnceTest, AKeyStandsForOneRequest) {
  sell();
  const auto other = sell(R"({"id":2,"title":"b"})");
  EXPECT_EQ(other.status, 422);
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(ForwardedOnceTest, AfterALostAnswerNothingIsSentAgainUnderTheKey) {
  upstream_.lose_answers();
  EXPECT_EQ(sell().status, 504);
  const auto again = sell();
  EXPECT_EQ(again.status, 409);
  EXPECT_THAT(again.body, HasSubstr("may have taken effect"));
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(ForwardedOnceTest, AfterALostAnswerNothingIsQueuedUnderTheKey) {
  upstream_.lose_answers();
  EXPECT_EQ(sell().status, 504);
  replica_.table_options["todos"].writes = cache::WriteMode::kQueue;
  EXPECT_EQ(sell().status, 409);
  EXPECT_EQ(depth(), 0);
}

TEST_F(ForwardedOnceTest, WhatWasRefusedOrNeverArrivedLeavesTheKeyFree) {
  status_ = 400;
  body_ = R"({"code":"23514","details":null,"hint":null,"message":"no"})";
  EXPECT_EQ(sell().status, 400);
  upstream_.set_offline(true);
  EXPECT_EQ(sell().status, 504);
  upstream_.set_offline(false);
  status_ = 201;
  EXPECT_EQ(sell(R"({"id":1,"title":"better"})").status, 201);
  EXPECT_EQ(upstream_.calls().size(), 2U);
}

TEST_F(ForwardedOnceTest, AProxysErrorMayBeALostAnswerAndTheApisOwnIsNot) {
  status_ = 503;
  body_ = R"({"code":"PGRST002","details":null,"hint":null,"message":"no schema cache"})";
  EXPECT_EQ(sell().status, 503);
  body_ = R"({"message":"name resolution failed"})";
  EXPECT_EQ(sell().status, 503);
  EXPECT_EQ(sell().status, 409);
  EXPECT_EQ(upstream_.calls().size(), 2U);
}

// Its connection to the database may have broken in the commit.
TEST_F(ForwardedOnceTest, AnErrorOfABrokenConnectionMayBeALostAnswer) {
  status_ = 503;
  body_ = R"({"code":"PGRST001","details":null,"hint":null,"message":"connection lost"})";
  EXPECT_EQ(sell().status, 503);
  EXPECT_EQ(sell().status, 409);
}

TEST_F(ForwardedOnceTest, AnAnswerIsKeptByteByByte) {
  const auto call = [this] { return rest("POST", "rpc/image", "{}", {{"Idempotency-Key", "i"}}); };
  status_ = 200;
  body_ = "\xff\xd8 no text";
  EXPECT_EQ(call().body, body_);
  EXPECT_EQ(call().body, body_);
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

// Promise 1: a full disk answers before the upstream has heard anything.
TEST_F(ForwardedOnceTest, WhatCannotBeNotedIsNotForwarded) {
  store_->writer().run(cache::Writer::Priority::kClient, [](cache::Transaction& transaction) {
    transaction.database().execute(
        "CREATE TRIGGER full BEFORE INSERT ON hf_forwarded_keys BEGIN"
        " SELECT raise(ABORT, 'no room'); END");
  });
  const auto refused = sell();
  EXPECT_EQ(refused.status, 500);
  EXPECT_THAT(refused.body, HasSubstr("the write was not taken"));
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(ForwardedOnceTest, ADryRunIsAnotherRequest) {
  const http::Headers dry = {{"Idempotency-Key", "sale-1"}, {"Prefer", "tx=rollback"}};
  EXPECT_EQ(rest("POST", "todos", kSale, dry).status, 201);
  EXPECT_EQ(sell().status, 422);
}

TEST_F(ForwardedOnceTest, WhatNobodyAnsweredIsRememberedLonger) {
  upstream_.lose_answers();
  sell();
  clock_.advance(dispatching_.keep_delivered + std::chrono::seconds(1));
  dispatcher_.forget_delivered(*store_);
  EXPECT_EQ(sell().status, 409);
}

TEST_F(ForwardedOnceTest, AKeyIsForgottenWithThoseOfDeliveredWrites) {
  sell();
  clock_.advance(dispatching_.keep_delivered + std::chrono::seconds(1));
  dispatcher_.forget_delivered(*store_);
  sell();
  EXPECT_EQ(upstream_.calls().size(), 2U);
}

}  // namespace
}  // namespace holdfast::routes
