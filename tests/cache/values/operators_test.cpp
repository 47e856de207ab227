// Holds the operators of ranges and the containment of jsonb against a real PostgreSQL.

#include <gtest/gtest.h>

#include <functional>
#include <sstream>

#include "cache/values/codec.h"
#include "cache/values/jsonb_tree.h"
#include "cache/values/range.h"
#include "tests/support/postgres.h"

namespace holdfast::test {
namespace {

using cache::RangeKey;

class OperatorsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { postgres_ = std::make_unique<PostgresCluster>(); }
  static void TearDownTestSuite() { postgres_.reset(); }

  // One line for each pair (a, b) of the texts, a first: what Postgres says of `expression`.
  static std::vector<std::string> ask(const std::string& type, const std::string& expression,
                                      const std::vector<std::string>& texts) {
    std::string values;
    for (std::size_t i = 0; i < texts.size(); ++i) {
      values +=
          (i > 0 ? "," : "") + ("(" + std::to_string(i)) + ",$t$" + texts[i] + "$t$::" + type + ")";
    }
    std::istringstream output(postgres_->run("WITH v(n, x) AS (VALUES " + values + ") SELECT " +
                                             expression + " FROM v a, v b ORDER BY a.n, b.n"));
    std::vector<std::string> lines;
    for (std::string line; std::getline(output, line);) lines.push_back(line);
    return lines;
  }

  static std::unique_ptr<PostgresCluster> postgres_;
};

std::unique_ptr<PostgresCluster> OperatorsTest::postgres_;

std::string flags_of(const RangeKey& a, const RangeKey& b) {
  std::string out;
  for (const bool flag :
       {contains(a, b), overlaps(a, b), is_left_of(a, b), does_not_extend_right_of(a, b),
        does_not_extend_left_of(a, b), is_adjacent(a, b)}) {
    out += flag ? '1' : '0';
  }
  return out;
}

constexpr const char* kRangeFlags =
    "(a.x @> b.x)::int || '' || (a.x && b.x)::int || (a.x << b.x)::int || (a.x &< b.x)::int || "
    "(a.x &> b.x)::int || (a.x -|- b.x)::int";

TEST_F(OperatorsTest, RangesRelateAsInPostgres) {
  const std::vector<std::string> numbers = {
      "empty", "(,)",  "[1,3)", "[1,3]", "(1,3)", "(1,3]", "[3,5]", "(3,5)", "[,1)", "[,1]",
      "(5,)",  "[5,)", "[2,2]", "[0,9]", "(3,3]", "[4,4]", "[5,5]", "[6,7)", "(0,1)"};
  std::vector<std::string> days;
  for (std::string text : numbers) {
    std::string day;
    for (const char c : text)
      day += c >= '0' && c <= '9' ? std::string("2026-01-1") + c : std::string(1, c);
    days.push_back(day);
  }
  for (const char* text : {"[-infinity,2026-01-11]", "(-infinity,infinity)",
                           "[2026-01-11,infinity]", "[,-infinity]", "[infinity,]"}) {
    days.emplace_back(text);
  }
  for (const std::string name :
       {"int4range", "int8range", "numrange", "daterange", "tsrange", "tstzrange"}) {
    const auto type = cache::make_type(name);
    const auto& texts = name[0] == 'i' || name[0] == 'n' ? numbers : days;
    const auto theirs = ask(name, kRangeFlags, texts);
    ASSERT_EQ(theirs.size(), texts.size() * texts.size());
    std::vector<RangeKey> keys;
    for (const auto& text : texts) keys.push_back(range_key(type, *cache::parse_range(type, text)));
    for (std::size_t i = 0; i < theirs.size(); ++i) {
      const auto a = i / texts.size();
      const auto b = i % texts.size();
      EXPECT_EQ(flags_of(keys[a], keys[b]), theirs[i])
          << name << " " << texts[a] << " " << texts[b];
    }
  }
}

TEST_F(OperatorsTest, JsonbContainsAsInPostgres) {
  const std::vector<std::string> texts = {"null",
                                          "1",
                                          "1.0",
                                          "true",
                                          "false",
                                          "\"a\"",
                                          "[]",
                                          "{}",
                                          "[1]",
                                          "[1.00, 2]",
                                          "[null]",
                                          "[true]",
                                          "[\"a\"]",
                                          "[[]]",
                                          "[[1]]",
                                          "[[1,2],3]",
                                          "[{}]",
                                          "{\"a\":1}",
                                          "{\"a\":1.0}",
                                          "{\"a\":\"1\"}",
                                          "{\"a\":null}",
                                          "{\"a\":[]}",
                                          "{\"a\":[1]}",
                                          "{\"a\":[1,[2]]}",
                                          "{\"a\":{\"b\":2}}",
                                          "{\"a\":{}}",
                                          "{\"b\":1,\"a\":1}",
                                          "[{\"a\":1}]",
                                          "[{\"a\":1,\"b\":2},5]",
                                          "[1,1,1]",
                                          "[2,1]",
                                          "{\"\":1}",
                                          "[\"a\",[\"a\"]]"};
  const auto type = cache::make_type("jsonb");
  const auto theirs = ask("jsonb", "a.x @> b.x", texts);
  ASSERT_EQ(theirs.size(), texts.size() * texts.size());
  std::vector<std::string> stored;
  for (const auto& text : texts) {
    stored.push_back(std::get<std::string>(*cache::parse_text(type, text)));
  }
  for (std::size_t i = 0; i < theirs.size(); ++i) {
    const auto& a = stored[i / texts.size()];
    const auto& b = stored[i % texts.size()];
    EXPECT_EQ(cache::jsonb_contains(a, b) ? "t" : "f", theirs[i]) << a << " @> " << b;
  }
}

}  // namespace
}  // namespace holdfast::test
