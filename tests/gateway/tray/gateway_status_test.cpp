#include "gateway/tray/gateway_status.h"

#include <gtest/gtest.h>

namespace holdfast::tray {
namespace {

TEST(GatewayStatusTest, TakesStateAndCounts) {
  const auto status =
      parse_status(R"({"state":"conflict","online":true,"offline_by_choice":false,)"
                   R"("queue":{"depth":3,"conflicts":2,"dead":1,"oldest_age_s":1.5},"sync":{}})");
  ASSERT_TRUE(status);
  EXPECT_EQ(*status, (GatewayStatus{GatewayState::kConflict, false, 3, 2, 1}));
}

TEST(GatewayStatusTest, WhatIsCountedUnderTwoNamesIsToldOnce) {
  const auto status =
      parse_status(R"({"state":"error","trouble":["uncertain","pulls_fail"],"queue":{"depth":5,)"
                   R"("conflicts":3,"uncertain":1,"held":2,"claims_changed":1,"stalled":4}})");
  ASSERT_TRUE(status);
  EXPECT_EQ(status->conflicts, 2);
  EXPECT_EQ(status->uncertain, 1);
  EXPECT_EQ(status->absent, 1);
  EXPECT_EQ(status->rights, 1);
  EXPECT_EQ(status->stalled, 4);
  EXPECT_TRUE(status->pulls_fail);
  EXPECT_FALSE(status->no_schema);
}

TEST(GatewayStatusTest, AnOlderGatewayMayKnowNothingOfOfflineByChoice) {
  const auto status = parse_status(R"({"state":"offline","queue":{"depth":1}})");
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->offline_by_choice);
  EXPECT_EQ(status->pending, 1);
}

TEST(GatewayStatusTest, WhatIsNoStatusIsAnError) {
  for (const char* text :
       {"", "[]", "{}", R"({"state":"synced"})", R"({"state":7,"queue":{}})",
        R"({"state":"splendid","queue":{}})", R"({"state":"synced","queue":{"depth":"many"}})"}) {
    EXPECT_FALSE(parse_status(text)) << text;
  }
}

TEST(GatewayStatusTest, LinkIsItsUrl) {
  EXPECT_EQ(*parse_link(R"({"url":"http://127.0.0.1:1/#code=a","expires_in_s":300})"),
            "http://127.0.0.1:1/#code=a");
  EXPECT_FALSE(parse_link(R"({"url":7})"));
  EXPECT_FALSE(parse_link("nonsense"));
}

}  // namespace
}  // namespace holdfast::tray
