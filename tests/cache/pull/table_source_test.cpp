#include "cache/pull/table_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/http/uri.h"
#include "tests/support/fake_upstream.h"

namespace holdfast::cache {
namespace {

Table table_of(const std::vector<std::string>& columns, const char* type,
               const std::vector<std::size_t>& key) {
  Table table;
  table.schema = "public";
  table.name = "t";
  for (const auto& name : columns) {
    Column column;
    column.name = name;
    column.storage_name = name;
    column.type = make_type(type);
    table.columns.push_back(column);
  }
  table.primary_key = Key{"t_pkey", key};
  return table;
}

class TableSourceTest : public ::testing::Test {
 protected:
  TableSourceTest() {
    upstream_.respond_with([this](const upstream::Call&) {
      upstream::Answer answer;
      answer.status = 200;
      answer.headers.add("Content-Type", "application/json; charset=utf-8");
      answer.headers.add("Content-Range", "0-0/*");
      answer.body = pages_.empty() ? "[]" : R"([{"id":)" + std::to_string(pages_.front()) + "}]";
      if (!pages_.empty()) pages_.pop_front();
      return upstream::Outcome(std::move(answer));
    });
  }
  // Pages of one row each, until there is none or the source gives up.
  std::string read_all() {
    std::string read;
    std::optional<Row> after;
    for (;;) {
      auto fetched = source_.by_key({0}, after);
      if (const auto* failure = std::get_if<PullFailure>(&fetched)) return read + failure->reason;
      auto& page = std::get<RowPage>(fetched);
      if (!page.last) return read;
      read += std::to_string(std::get<std::int64_t>((*page.last)[0])) + " ";
      after = std::move(page.last);
    }
  }

  Table table_ = table_of({"id"}, "integer", {0});
  support::FakeUpstream upstream_;
  TableSource source_{upstream_, table_, {}, 1000, false};
  std::deque<int> pages_;
};

// An upstream that takes a key for another one, as with quotes in it.
TEST_F(TableSourceTest, AnUpstreamThatGivesRowsInACircleIsNotAskedForEver) {
  pages_ = {1, 2, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4, 3, 4};
  EXPECT_TRUE(
      read_all().ends_with("the upstream repeats a page instead of giving the one that "
                           "follows"));
  EXPECT_FALSE(pages_.empty());
}

TEST_F(TableSourceTest, WhatWasReadBeforeMayBeReadAgainFromTheBeginning) {
  pages_ = {1, 2, 3, 4};
  EXPECT_EQ(read_all(), "1 2 3 4 ");
  pages_ = {1, 2, 3, 4};
  EXPECT_EQ(read_all(), "1 2 3 4 ");
}

// A column may have the name of another parameter.
TEST(TableSourceKeysTest, AColumnThatIsCalledAsAParameterIsAskedForByATree) {
  const Table table = table_of({"id", "order"}, "integer", {0});
  support::FakeUpstream upstream;
  TableSource source(upstream, table, {}, 1000, false);
  source.having(1, std::nullopt);
  const std::string target = http::percent_decode(upstream.calls().at(0).target);
  EXPECT_THAT(target, ::testing::HasSubstr("&and=(order.not.is.null)"));
  EXPECT_THAT(target, ::testing::Not(::testing::HasSubstr("&order=not")));
}

// Some do not undo the escapes of values in a tree of conditions, and find nothing there.
TEST(TableSourceKeysTest, ARowWhoseKeyHoldsAQuoteIsFoundAmongOthers) {
  const Table table = table_of({"a", "b"}, "text", {0, 1});
  support::FakeUpstream upstream;
  upstream.respond_with([](const upstream::Call& call) {
    upstream::Answer answer;
    answer.status = 200;
    answer.headers.add("Content-Type", "application/json; charset=utf-8");
    const bool tree = call.target.find("&or=") != std::string::npos;
    const bool first = call.target.find("a=eq.z") != std::string::npos;
    const bool has_x = call.target.find("%22x%22") != std::string::npos;
    answer.body = tree    ? (has_x ? R"([{"a":"x","b":"y"}])" : "[]")
                  : first ? R"([{"a":"z\"","b":"y"}])"
                          : R"([{"a":"w\\","b":"y"}])";
    return upstream::Outcome(std::move(answer));
  });
  TableSource source(upstream, table, {}, 1000, false);
  const auto found =
      source.of_keys({R"({"a":"x","b":"y"})", R"({"a":"z\"","b":"y"})", R"({"a":"w\\","b":"y"})"});
  EXPECT_EQ(std::get<RowPage>(found).rows.size(), 3U);
}

}  // namespace
}  // namespace holdfast::cache
