#include "queue/own_columns.h"

#include <gtest/gtest.h>

#include "gateway/http/uri.h"
#include "tests/cache/replica/sample_catalog.h"

namespace holdfast::queue {
namespace {

class OwnColumnsTest : public ::testing::Test {
 protected:
  std::optional<std::string> widened(const std::string& target, Rows rows = Rows::kMany) const {
    const auto wider = with_own_columns(target, table_, rows);
    return wider ? std::optional(http::percent_decode(wider->target)) : std::nullopt;
  }
  cache::Table table_ = cache::sample::table(
      "counters", cache::sample::columns({{"id", "bigint", false}, {"a name", "text"}}), {0});
};

TEST_F(OwnColumnsTest, ASelectionIsFollowedByEveryColumn) {
  EXPECT_EQ(widened("/rest/v1/counters?select=id,x:name&id=eq.1"),
            R"(/rest/v1/counters?select=id,x:name,hf_own_0:id,hf_own_1:"a name"&id=eq.1)");
}

TEST_F(OwnColumnsTest, ToColumnsAloneTheOthersAreAdded) {
  const std::string target = "/rest/v1/counters?select=id";
  EXPECT_EQ(widened(target, Rows::kSingle), R"(/rest/v1/counters?select=id,"a name")");
  const auto asked = with_own_columns(target, table_, Rows::kSingle)->asked;
  const auto split = split_rows(R"({"id":7,"a name":"n"})", table_, asked);
  ASSERT_TRUE(split);
  EXPECT_EQ(split->theirs, R"({"id":7})");
  EXPECT_EQ(split->own, R"([{"id":7,"a name":"n"}])");
  EXPECT_EQ(widened("/rest/v1/counters?select=x:id", Rows::kSingle), std::nullopt);
}

TEST_F(OwnColumnsTest, WhatCannotBeWidenedIsLeft) {
  EXPECT_EQ(widened("/rest/v1/counters"), std::nullopt);
  EXPECT_EQ(widened("/rest/v1/counters?select="), std::nullopt);
  EXPECT_EQ(widened("/rest/v1/counters?select=id&select=name"), std::nullopt);
  EXPECT_EQ(widened("/rest/v1/counters?select=id.sum()"), std::nullopt);
  EXPECT_EQ(widened("/rest/v1/counters?note=eq.select=1"), std::nullopt);
}

TEST_F(OwnColumnsTest, TheAppIsToldWhatItAskedForToTheByte) {
  const auto split = split_rows(R"([{"x":1.50,"hf_own_0":7,"hf_own_1":"n"}, )"
                                "\n"
                                R"( {"x":{"a": [1]},"hf_own_0":8,"hf_own_1":null}])",
                                table_, {});
  ASSERT_TRUE(split);
  EXPECT_EQ(split->theirs, "[{\"x\":1.50}, \n {\"x\":{\"a\": [1]}}]");
  EXPECT_EQ(split->own, R"([{"id":7,"a name":"n"},{"id":8,"a name":null}])");
}

TEST_F(OwnColumnsTest, AnObjectStaysOneAndNoRowsStayNone) {
  const auto object = split_rows(R"({"x":1,"hf_own_0":7,"hf_own_1":"n"})", table_, {});
  ASSERT_TRUE(object);
  EXPECT_EQ(object->theirs, R"({"x":1})");
  EXPECT_EQ(object->own, R"([{"id":7,"a name":"n"}])");
  EXPECT_EQ(split_rows("[]", table_, {})->theirs, "[]");
  EXPECT_FALSE(split_rows(R"([{"x":1}])", table_, {})) << "these are other rows";
}

}  // namespace
}  // namespace holdfast::queue
