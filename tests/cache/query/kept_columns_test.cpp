// Columns that are not kept here ([tables.NAME] columns): whatever needs one is the upstream's.

#include "tests/cache/query/fixture.h"

namespace holdfast::cache::query {
namespace {

class KeptColumnsTest : public QueryTest {
 protected:
  KeptColumnsTest() {
    catalog_.leave_out([](const Table& table, const Column& column) {
      return table.name == "people" && column.name == "name";
    });
  }
  bool forwarded(const std::string& query) { return get("people", query).starts_with("forward:"); }
};

TEST_F(KeptColumnsTest, WhatNeedsNoOtherColumnIsAnswered) {
  EXPECT_FALSE(forwarded("select=id"));
  EXPECT_FALSE(forwarded("select=id&order=id.desc&id=gt.1"));
}

TEST_F(KeptColumnsTest, SelectingFilteringAndOrderingByItIsNot) {
  EXPECT_TRUE(forwarded(""));
  EXPECT_TRUE(forwarded("select=*"));
  EXPECT_TRUE(forwarded("select=id,name"));
  EXPECT_TRUE(forwarded("select=id&name=eq.x"));
  EXPECT_TRUE(forwarded("select=id&or=(id.eq.1,name.eq.x)"));
  EXPECT_TRUE(forwarded("select=id&order=name"));
  EXPECT_TRUE(forwarded("select=n:name"));
}

TEST_F(KeptColumnsTest, AnEmbedOfItIsNot) {
  EXPECT_TRUE(get("people", "select=id,boss:boss_id(name)").starts_with("forward:"));
  EXPECT_FALSE(get("people", "select=id,boss:boss_id(id)").starts_with("forward:"));
}

TEST_F(KeptColumnsTest, NewRowsAreKnownWithEveryColumn) {
  const auto query = Query::parse("select=*").value();
  options_.own_rows = true;
  EXPECT_TRUE(std::holds_alternative<Plan>(
      plan_representation(query, catalog_, table("people"), options_)));
  options_.own_rows = false;
  EXPECT_TRUE(std::holds_alternative<Forward>(
      plan_representation(query, catalog_, table("people"), options_)));
}

TEST_F(KeptColumnsTest, AMutationThatChoosesRowsByItIsNotComputedHere) {
  const auto targets = [&](const char* text) {
    return plan_targets(Query::parse(text).value(), catalog_, table("people"), options_);
  };
  EXPECT_TRUE(std::holds_alternative<Plan>(targets("id=eq.1")));
  EXPECT_TRUE(std::holds_alternative<Forward>(targets("name=eq.x")));
}

}  // namespace
}  // namespace holdfast::cache::query
