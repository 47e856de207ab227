#include "cache/replica/learned_indexes.h"

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using namespace std::chrono_literals;

class LearnedIndexesTest : public ::testing::Test {
 protected:
  query::Plan plan(const std::string& table, const std::string& text) {
    const auto query = query::Query::parse(text);
    auto planned = query::plan_read(*query, sample_.known(), sample_.table(table), {});
    return std::get<query::Plan>(std::move(planned));
  }

  void read(const std::string& table, const std::string& text, int times) {
    for (int i = 0; i < times; ++i) sample_.store().note_read(plan(table, text), now_);
    sample_.write([](Transaction&) {});  // what was asked for in the background is done when a
    sample_.store().writer().run(Writer::Priority::kBackground,
                                 [](Transaction&) {});  // later job is
  }

  std::string steps(const std::string& table, const std::string& text) {
    auto reader = sample_.store().reader();
    const auto read = plan(table, text);
    // EXPLAIN runs nothing, and so would not notice that the schema has changed.
    Statement(*reader, "SELECT count(*) FROM sqlite_schema").step();
    Statement statement(*reader, "EXPLAIN QUERY PLAN " + read.sql);
    std::string steps;
    while (statement.step()) steps += std::string(statement.text(3)) + "\n";
    return steps;
  }

  std::int64_t indexes() {
    auto reader = sample_.store().reader();
    Statement statement(*reader,
                        "SELECT count(*) FROM sqlite_schema WHERE name LIKE 'hf_learned|%'");
    statement.step();
    return statement.integer(0);
  }

  sample::Sample sample_;
  Timestamp now_{1'000'000s};
};

TEST_F(LearnedIndexesTest, WhatIsFilteredOftenIsNoLongerScanned) {
  const std::string query = "title=eq.a&order=id.desc";
  read("todos", query, LearnedIndexes::kUses - 1);
  EXPECT_NE(steps("todos", query).find("SCAN"), std::string::npos);
  read("todos", query, 1);
  EXPECT_EQ(steps("todos", query),
            "SEARCH t1 USING INDEX hf_learned|public.todos|title (title=?)\n");
}

TEST_F(LearnedIndexesTest, WhatIsOrderedOftenIsNotSorted) {
  const std::string query = "select=id&order=title";
  read("todos", query, LearnedIndexes::kUses);
  EXPECT_EQ(steps("todos", query).find("TEMP B-TREE"), std::string::npos) << steps("todos", query);
}

TEST_F(LearnedIndexesTest, DeclaredKeysAreSearchedAndGiveTheirOrder) {
  for (const char* query : {"id=eq.1", "id=in.(1,2)", "list_id=eq.1", "id=gt.5&order=id",
                            "list_id=eq.1&order=id.desc", "order=id.desc"}) {
    const std::string found = steps("todos", query);
    EXPECT_EQ(found.find("TEMP B-TREE"), std::string::npos) << query << '\n' << found;
    if (std::string_view(query).starts_with("order")) continue;
    EXPECT_EQ(found.find("SCAN t1"), std::string::npos) << query << '\n' << found;
  }
}

TEST_F(LearnedIndexesTest, EmbeddedRowsAreSearchedInOneStatement) {
  const std::string found = steps("lists", "select=id,todos(id,tags(name))&id=eq.1");
  EXPECT_EQ(found.find("SCAN t"), std::string::npos) << found;
}

TEST_F(LearnedIndexesTest, ThereAreNeverTooMany) {
  const std::vector<std::string> columns = {"title", "done", "price", "updated_at"};
  for (const auto& a : columns) {
    for (const auto& b : columns) {
      for (const auto& c : columns) {
        read("todos", "order=" + a + "," + b + "," + c, LearnedIndexes::kUses);
      }
    }
  }
  EXPECT_EQ(indexes(), static_cast<std::int64_t>(LearnedIndexes::kMost));
}

TEST_F(LearnedIndexesTest, KeysNeedNone) {
  read("todos", "id=eq.1&title=eq.a", LearnedIndexes::kUses);
  read("todos", "order=id", LearnedIndexes::kUses);
  EXPECT_EQ(indexes(), 0);
}

TEST_F(LearnedIndexesTest, TheyAreKnownAgainAfterARestart) {
  read("todos", "title=eq.a", LearnedIndexes::kUses);
  sample_.reopen();
  read("todos", "title=eq.a", LearnedIndexes::kUses);
  EXPECT_EQ(indexes(), 1);
}

TEST_F(LearnedIndexesTest, OneThatIsNotUsedForLongGoes) {
  read("todos", "title=eq.a", LearnedIndexes::kUses);
  read("lists", "title=eq.a", LearnedIndexes::kUses);
  ASSERT_EQ(indexes(), 2);
  now_ += LearnedIndexes::kIdle + 1h;
  read("lists", "title=eq.a", 1);
  EXPECT_EQ(indexes(), 1);
  EXPECT_NE(steps("todos", "title=eq.a").find("SCAN"), std::string::npos);
}

}  // namespace
}  // namespace holdfast::cache
