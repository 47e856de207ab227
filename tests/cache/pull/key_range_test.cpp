#include "cache/pull/key_range.h"

#include <gtest/gtest.h>

namespace holdfast::cache {
namespace {

Table table_of(const std::vector<std::string>& types) {
  Table table;
  table.name = "t";
  Key key;
  for (const auto& type : types) {
    Column column;
    column.name = std::string(1, static_cast<char>('a' + table.columns.size()));
    column.storage_name = column.name;
    column.type = make_type(type);
    key.columns.push_back(table.columns.size());
    table.columns.push_back(column);
  }
  table.primary_key = key;
  return table;
}

TEST(KeyRangeTest, RangesMeanTheSameOnBothSidesOnlyWhereTheOrderIsTheSame) {
  EXPECT_TRUE(has_ranges(table_of({"bigint", "uuid", "text"})));
  EXPECT_FALSE(has_ranges(table_of({"numeric"})));
  EXPECT_FALSE(has_ranges(table_of({"character(3)"})));
  Table collated = table_of({"text"});
  collated.columns[0].byte_order = false;
  EXPECT_FALSE(has_ranges(collated));
}

TEST(KeyRangeTest, AKeyLiesBetweenItsEnds) {
  const KeyRange range{{std::int64_t{1}, std::string("b")}, {std::int64_t{3}}};
  EXPECT_FALSE(contains(range, {std::int64_t{1}, std::string("a")}));
  EXPECT_TRUE(contains(range, {std::int64_t{1}, std::string("b")}));
  EXPECT_TRUE(contains(range, {std::int64_t{2}, std::string("a")}));
  EXPECT_FALSE(contains(range, {std::int64_t{3}, std::string("")}));
}

TEST(KeyRangeTest, BlocksAreTheCompanionsOwn) {
  const auto integers = range_of_block(table_of({"integer"}), "-1");
  ASSERT_TRUE(integers);
  EXPECT_EQ(integers->from[0], Value(std::int64_t{-1024}));
  EXPECT_EQ(integers->before[0], Value(std::int64_t{0}));
  const auto uuids = range_of_block(table_of({"uuid"}), "0ff");
  ASSERT_TRUE(uuids);
  EXPECT_EQ(uuids->from[0], Value(std::string("0ff00000-0000-0000-0000-000000000000")));
  EXPECT_EQ(uuids->before[0], Value(std::string("10000000-0000-0000-0000-000000000000")));
  EXPECT_TRUE(range_of_block(table_of({"uuid"}), "fff")->before.empty());
  EXPECT_FALSE(range_of_block(table_of({"uuid"}), "xyz"));
  EXPECT_FALSE(range_of_block(table_of({"text"}), "1"));
}

TEST(KeyRangeTest, ConditionsFollowTheOrderOfTheKey) {
  const Table table = table_of({"integer", "text"});
  const std::vector<Value> key = {std::int64_t{1}, std::string("x")};
  EXPECT_EQ(following(table, {0, 1}, key), "a.gt.\"1\",and(a.eq.\"1\",or(b.gt.\"x\"))");
  EXPECT_EQ(following(table, {0, 1}, key, true), "a.gt.\"1\",and(a.eq.\"1\",or(b.gte.\"x\"))");
  EXPECT_EQ(preceding(table, {0, 1}, key), "a.lt.\"1\",and(a.eq.\"1\",or(b.lt.\"x\"))");
  EXPECT_EQ(print_end(table, key), R"({"a":1,"b":"x"})");
}

}  // namespace
}  // namespace holdfast::cache
