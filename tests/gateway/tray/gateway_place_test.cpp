#include "gateway/tray/gateway_place.h"

#include <gtest/gtest.h>

#include "tests/gateway/tray/gateway_folder.h"

namespace holdfast::tray {
namespace {

using State = GatewayPlace::State;

TEST(GatewayPlaceTest, AFolderThatIsNotThereHasNoGateway) {
  EXPECT_EQ(find_gateway("/nowhere/at/all").state, State::kNone);
}

TEST(GatewayPlaceTest, ARunningGatewayIsFoundWithItsToken) {
  GatewayFolder folder;
  folder.run();
  const GatewayPlace place = find_gateway(folder.path());
  EXPECT_EQ(place.state, State::kRunning);
  EXPECT_EQ(place.url, "http://127.0.0.1:5");
  EXPECT_EQ(place.control_token, "fake-token");
}

TEST(GatewayPlaceTest, OneThatDoesNotAnswerYetIsStarting) {
  GatewayFolder folder;
  folder.take_lock();
  EXPECT_EQ(find_gateway(folder.path()).state, State::kStarting);
}

TEST(GatewayPlaceTest, WhatAKilledGatewayLeftIsNotTrusted) {
  GatewayFolder folder;
  folder.run();
  folder.die();
  const GatewayPlace place = find_gateway(folder.path());
  EXPECT_EQ(place.state, State::kNone);
  EXPECT_TRUE(place.control_token.empty());
}

TEST(GatewayPlaceTest, LookingLeavesTheLockToTheGateway) {
  GatewayFolder folder;
  folder.run();
  folder.die();
  EXPECT_EQ(find_gateway(folder.path()).state, State::kNone);
  folder.take_lock();
  EXPECT_EQ(find_gateway(folder.path()).state, State::kRunning);
}

TEST(OneTrayTest, ASecondTrayOfTheFolderIsNotTheFirst) {
  support::TempDir parent;
  const std::string folder = (parent.path() / "project").string();
  {
    const OneTray one(folder);
    EXPECT_TRUE(one.first());
    EXPECT_FALSE(OneTray(folder).first());
    const auto permissions = std::filesystem::status(folder).permissions();
    EXPECT_EQ(permissions & std::filesystem::perms::mask, std::filesystem::perms::owner_all);
  }
  EXPECT_TRUE(OneTray(folder).first());
}

}  // namespace
}  // namespace holdfast::tray
