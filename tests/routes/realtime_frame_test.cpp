#include "routes/realtime_frame.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

std::string text(FrameVersion version, const Frame& frame) {
  return print_frame(version, frame).data;
}

const Frame kReply{"6", "7", "realtime:room", "phx_reply", {{"status", "ok"}}};

TEST(RealtimeFrameTest, BothVersionsAreReadAsTheyArePrinted) {
  for (const auto version : {FrameVersion::kV1, FrameVersion::kV2}) {
    const auto read = read_frame(version, print_frame(version, kReply));
    ASSERT_TRUE(read);
    EXPECT_EQ(read->join_ref, "6");
    EXPECT_EQ(read->ref, "7");
    EXPECT_EQ(read->topic, "realtime:room");
    EXPECT_EQ(read->event, "phx_reply");
    EXPECT_EQ(read->payload, json({{"status", "ok"}}));
  }
}

TEST(RealtimeFrameTest, TheSecondVersionIsAnArrayOfFive) {
  EXPECT_EQ(text(FrameVersion::kV2, kReply),
            R"(["6","7","realtime:room","phx_reply",{"status":"ok"}])");
  EXPECT_EQ(text(FrameVersion::kV2, {nullptr, nullptr, "t", "e", json::object()}),
            R"([null,null,"t","e",{}])");
}

TEST(RealtimeFrameTest, ABinaryPushIsABroadcast) {
  const std::string push =
      std::string("\x03\x01\x01\x0e\x04\x00\x01", 7) + R"(67realtime:room1ping{"x":1})";
  const auto read = read_frame(FrameVersion::kV2, {push, true});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->topic, "realtime:room1");
  EXPECT_EQ(read->event, "broadcast");
  EXPECT_EQ(read->payload, json::parse(R"({"type":"broadcast","event":"ping","payload":{"x":1}})"));
}

TEST(RealtimeFrameTest, BytesOfABroadcastStayBytes) {
  const std::string push = std::string("\x03\x00\x00\x01\x01\x00\x00", 7) + "te" + "\xff\x00";
  const auto read = read_frame(FrameVersion::kV2, {push, true});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->bytes, "\xff");
  const auto told = print_frame(FrameVersion::kV2,
                                {nullptr, nullptr, "t", "broadcast", read->payload, read->bytes});
  EXPECT_TRUE(told.binary);
  EXPECT_EQ(told.data, std::string("\x04\x01\x01\x00\x00", 5) + "te\xff");
}

// Copying and printing what a peer has sent takes a piece of the stack for each level.
TEST(RealtimeFrameTest, WhatIsNestedWithoutEndIsNone) {
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  EXPECT_FALSE(read_frame(FrameVersion::kV2, {R"([null,null,"t","e",)" + deep + "]", false}));
  EXPECT_FALSE(read_frame(FrameVersion::kV1,
                          {R"({"topic":"t","event":"e","payload":)" + deep + "}", false}));
  const std::string push = std::string("\x03\x00\x00\x01\x01\x00\x01", 7) + "te" + deep;
  EXPECT_FALSE(read_frame(FrameVersion::kV2, {push, true}));
}

TEST(RealtimeFrameTest, WhatIsNoMessageIsNone) {
  for (const char* text : {"", "{", "[]", "[1,2,3,4]", R"([null,null,1,"e",{}])",
                           R"([null,null,"t",null,{}])", R"({"topic":"t"})"}) {
    EXPECT_FALSE(read_frame(FrameVersion::kV2, {text, false})) << text;
    EXPECT_FALSE(read_frame(FrameVersion::kV1, {text, false})) << text;
  }
  for (const std::string& bytes :
       {std::string(), std::string("\x03"), std::string("\x03\xff\xff\xff\xff\xff\x01"),
        std::string("\x04\x00\x00\x00\x00\x00\x00", 7)}) {
    EXPECT_FALSE(read_frame(FrameVersion::kV2, {bytes, true}));
  }
}

}  // namespace
}  // namespace holdfast::routes
