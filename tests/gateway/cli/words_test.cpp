#include "gateway/cli/words.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace holdfast::cli {
namespace {

using json = nlohmann::json;
using std::chrono::seconds;

TEST(WordsTest, OneIsNotMany) {
  EXPECT_EQ(counted(0, "write"), "0 writes");
  EXPECT_EQ(counted(1, "write"), "1 write");
  EXPECT_EQ(counted(2, "write"), "2 writes");
}

TEST(WordsTest, ADurationIsInTheUnitThatSaysMost) {
  EXPECT_EQ(duration_text(0.4), "0 s");
  EXPECT_EQ(duration_text(119), "119 s");
  EXPECT_EQ(duration_text(120), "2 min");
  EXPECT_EQ(duration_text(7'199), "119 min");
  EXPECT_EQ(duration_text(7'200), "2 h");
  EXPECT_EQ(duration_text(86'400.0 * 12), "12 d");
}

TEST(WordsTest, ATimeIsPastOrToCome) {
  const Timestamp now = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + seconds(3'600);
  EXPECT_EQ(time_text("2026-11-21T00:59:50.123456Z", now), "10 s ago");
  EXPECT_EQ(time_text("2026-11-21T01:00:05.000000Z", now), "in 5 s");
  EXPECT_EQ(time_text(nullptr, now), "-");
  EXPECT_EQ(time_text("never", now), "never");
}

TEST(WordsTest, AKeyIsItsConditions) {
  EXPECT_EQ(key_text(json::parse(R"({"id":5,"part":"a"})")), "id=5, part=a");
  EXPECT_EQ(key_text(nullptr), "-");
}

TEST(WordsTest, OnlyTheUsualSchemaIsLeftOut) {
  EXPECT_EQ(table_text("public.todos"), "todos");
  EXPECT_EQ(table_text("audit.log"), "audit.log");
}

}  // namespace
}  // namespace holdfast::cli
