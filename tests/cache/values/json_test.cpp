#include "cache/values/json.h"

#include <gtest/gtest.h>

namespace holdfast::test {
namespace {

using cache::BodyKeys;
using cache::parse_body;
using cache::RawObject;
using Rows = std::vector<std::vector<std::string>>;

std::string message_of(const Result<cache::RawBody>& body) {
  return body ? "" : body.error().code + " " + body.error().message;
}

TEST(ParseBodyTest, ObjectGivesOneRowWithRawTokens) {
  const auto body =
      parse_body(R"( {"n": 12.50, "big":123456789012345678901234567890 ,"j":{"a": [1]}} )");
  ASSERT_TRUE(body);
  EXPECT_FALSE(body->is_array);
  ASSERT_EQ(body->rows.size(), 1U);
  EXPECT_EQ(body->rows[0],
            (RawObject{
                {"n", "12.50"}, {"big", "123456789012345678901234567890"}, {"j", "{\"a\": [1]}"}}));
}

TEST(ParseBodyTest, LastOfARepeatedNameIsKeptInTheFirstPlace) {
  const auto body = parse_body(R"({"a":1,"b":2,"\u0061":3})");
  ASSERT_TRUE(body);
  EXPECT_EQ(body->rows[0], (RawObject{{"a", "3"}, {"b", "2"}}));
}

TEST(ParseBodyTest, ArrayKeepsItsRowsInOrder) {
  const auto body = parse_body(R"([{"a":1,"b":"x"},{"b":"y","a":2}])");
  ASSERT_TRUE(body);
  EXPECT_TRUE(body->is_array);
  ASSERT_EQ(body->rows.size(), 2U);
  EXPECT_EQ(body->rows[1], (RawObject{{"b", "\"y\""}, {"a", "2"}}));
}

TEST(ParseBodyTest, NoJsonIsRejectedInPostgrestsWords) {
  for (const char* text : {"", "  ", "{", "[1", "{\"a\":01}", "{\"a\":1}x", "{a:1}", "nope"}) {
    EXPECT_EQ(message_of(parse_body(text)), "PGRST102 Empty or invalid json") << text;
  }
}

TEST(ParseBodyTest, RowsOfOneBodyMustHaveTheSameKeys) {
  for (const char* text : {R"([{"a":1},{"b":1}])", R"([{"a":1},{"a":1,"b":2}])", R"([{"a":1},5])",
                           R"([5])", R"([{"a":1},[]])"}) {
    EXPECT_EQ(message_of(parse_body(text)), "PGRST102 All object keys must match") << text;
  }
}

TEST(ParseBodyTest, RowsMayDifferWhenTheRequestNamesItsColumns) {
  const auto body = parse_body(R"([{"a":1},{"b":1}])", BodyKeys::kAny);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->rows.size(), 2U);
}

TEST(ParseBodyTest, PlainValueIsAnEmptyArray) {
  for (const char* text : {"5", "\"x\"", "null", "[]"}) {
    const auto body = parse_body(text);
    ASSERT_TRUE(body) << text;
    EXPECT_TRUE(body->is_array);
    EXPECT_TRUE(body->rows.empty());
  }
}

TEST(ParseBodyTest, DeepNestingDoesNotExhaustTheStack) {
  const std::string deep = "{\"a\":" + std::string(200000, '[') + std::string(200000, ']') + "}";
  const auto body = parse_body(deep);
  ASSERT_TRUE(body);
  EXPECT_EQ(body->rows[0][0].second.size(), 400000U);
}

Result<std::size_t> collect(std::string_view page, const std::vector<std::string>& names,
                            Rows& rows, std::size_t limit = 1000) {
  return cache::read_page(page, names, [&](std::span<const std::string_view> tokens) {
    rows.emplace_back(tokens.begin(), tokens.end());
    return rows.size() < limit;
  });
}

TEST(ReadPageTest, TokensComeRawAndInTheOrderOfTheNames) {
  Rows rows;
  const auto count = collect(
      R"([{"id":1 ,"n":12.50,"t":"a\"b","j":{"x": [1,2]}}, {"j":[ ],"t":null,"id":2,"other":9}])",
      {"id", "n", "t", "j"}, rows);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 2U);
  EXPECT_EQ(rows, (Rows{{"1", "12.50", "\"a\\\"b\"", "{\"x\": [1,2]}"}, {"2", "", "null", "[ ]"}}));
}

TEST(ReadPageTest, NumbersKeepEveryDigit) {
  Rows rows;
  ASSERT_TRUE(collect(R"([{"n":123456789012345678901234567890.10}])", {"n"}, rows));
  EXPECT_EQ(rows, (Rows{{"123456789012345678901234567890.10"}}));
}

TEST(ReadPageTest, CallerMayStop) {
  Rows rows;
  const auto count = collect(R"([{"a":1},{"a":2},{"a":3}])", {"a"}, rows, 2);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 2U);
}

TEST(ReadPageTest, EmptyPageHasNoRows) {
  Rows rows;
  const auto count = collect(" [ ] ", {"a"}, rows);
  ASSERT_TRUE(count);
  EXPECT_EQ(*count, 0U);
}

TEST(ReadPageTest, WhatIsNoArrayOfObjectsIsRejected) {
  for (const char* page : {"", "{}", "[1]", "<html>", "[{\"a\":1}", "[{\"a\":1}] x", "[{\"a\" 1}]",
                           "5", "[{\"a\":1},null]"}) {
    Rows rows;
    const auto count = collect(page, {"a"}, rows);
    ASSERT_FALSE(count) << page;
    EXPECT_EQ(count.error().kind, ErrorKind::kUpstreamRejected) << page;
  }
}

TEST(DecodeJsonStringTest, EscapesAreResolved) {
  EXPECT_EQ(cache::decode_json_string(R"("a\"\\\/\n\u00e9\ud83d\ude00")"),
            "a\"\\/\n\u00e9\U0001F600");
  EXPECT_EQ(cache::decode_json_string(R"("")"), "");
}

}  // namespace
}  // namespace holdfast::test
