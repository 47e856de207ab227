#include "cache/expression/expression.h"

#include <gtest/gtest.h>

namespace holdfast::cache {
namespace {

Table sample() {
  Table table;
  table.name = "lines";
  for (const auto& [name, type] : {std::pair("qty", "integer"),
                                   {"price", "numeric"},
                                   {"Note", "text"},
                                   {"code", "character(3)"}}) {
    Column column;
    column.name = name;
    column.type = make_type(type);
    table.columns.push_back(column);
  }
  return table;
}

std::vector<Value> row() {
  return {std::int64_t{3}, std::string("2.50"), std::string("a"), std::string("x  ")};
}

// "none" where nothing is known, "null" for NULL.
std::string computed(const std::string& text, const std::set<std::size_t>& unknown = {},
                     const char* type = "text") {
  const Table table = sample();
  const auto parsed = Expression::parse(table, text);
  if (!parsed) return "not read";
  const auto values = row();
  const auto value = parsed->evaluate({table, values, unknown}, make_type(type));
  if (!value) return "none";
  return is_null(*value) ? "null" : std::get<std::string>(*value);
}

TEST(ExpressionTest, TheProductOfTwoColumnsIsComputed) {
  EXPECT_EQ(computed("(price * (qty)::numeric)"), "7.50");
  EXPECT_EQ(computed("(\"Note\" || 'it''s'::text)"), "ait's");
}

TEST(ExpressionTest, WhatIsNotUnderstoodIsNotRead) {
  for (const char* text :
       {"", "(", "(price *", "gone", "app.price", "'a", "\"", "(qty + 1) x", "case when",
        "CASE qty WHEN 1 THEN 2 ELSE 3 END", "(qty = ANY (qty))", "VALUE", "('a'::nothing)",
        "ARRAY[", "(a IS", "E'x'::text", "(qty OPERATOR(pg_catalog.+) 1)"}) {
    EXPECT_EQ(computed(text), "not read") << text;
  }
  EXPECT_EQ(computed(std::string(100'000, '(')), "not read");
  EXPECT_EQ(computed("md5(\"Note\")"), "none");
}

TEST(ExpressionTest, AnErrorOfPostgresIsNoValue) {
  EXPECT_EQ(computed("(qty / 0)"), "none");
  EXPECT_EQ(computed("(qty * 2147483647)"), "none");
  EXPECT_EQ(computed("(price / (0)::numeric)"), "none");
  EXPECT_EQ(computed("(\"Note\" || 'long'::text)", {}, "character varying(3)"), "none");
}

TEST(ExpressionTest, WhatDependsOnAnUnknownColumnIsUnknown) {
  EXPECT_EQ(computed("(price * (qty)::numeric)", {0}), "none");
  EXPECT_EQ(computed("(price * 2.0)", {0}), "5.000");
  EXPECT_EQ(computed("COALESCE(\"Note\", (qty)::text)", {0}), "a");
}

TEST(ExpressionTest, OnePartThatDecidesIsEnough) {
  const Table table = sample();
  const auto values = row();
  const std::set<std::size_t> unknown = {1};
  const auto is_false = [&](const char* text) {
    return Expression::parse(table, text)->is_false({table, values, unknown});
  };
  EXPECT_TRUE(is_false("((qty > 5) AND (price > 0.0))"));
  EXPECT_TRUE(is_false("((price > 0.0) AND (qty > 5))"));
  EXPECT_FALSE(is_false("((qty > 5) OR (price > 0.0))"));
  EXPECT_FALSE(is_false("((qty > 2) AND (price > 0.0))"));
}

TEST(ExpressionTest, PaddedTextIsLeftToTheUpstream) {
  EXPECT_EQ(computed("lower((code)::bpchar)"), "none");
  EXPECT_EQ(computed("((code = 'x'::bpchar))::text"), "none");
}

}  // namespace
}  // namespace holdfast::cache
