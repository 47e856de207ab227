#include "gateway/config/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(DocumentTest, SettingsKeepTheOrderAndLinesOfTheFile) {
  const auto settings = parse_document("[zoo]\nb = 1\na = true\n[ark]\nc = [\"x\"]\n", "f");
  ASSERT_TRUE(settings.has_value());
  ASSERT_EQ(settings->size(), 3u);
  EXPECT_THAT((*settings)[0].path, ElementsAre("zoo", "b"));
  EXPECT_THAT((*settings)[1].path, ElementsAre("zoo", "a"));
  EXPECT_THAT((*settings)[2].path, ElementsAre("ark", "c"));
  EXPECT_EQ((*settings)[0].line, 2u);
  EXPECT_EQ((*settings)[2].line, 5u);
  EXPECT_EQ(std::get<std::int64_t>((*settings)[0].value), 1);
  EXPECT_TRUE(std::get<bool>((*settings)[1].value));
  EXPECT_THAT(std::get<std::vector<std::string>>((*settings)[2].value), ElementsAre("x"));
}

TEST(DocumentTest, QuotedNameWithDotIsOnePart) {
  const auto settings = parse_document("[tables.\"app.todos\"]\nread = \"cache\"\n", "f");
  ASSERT_TRUE(settings.has_value());
  EXPECT_THAT(settings->at(0).path, ElementsAre("tables", "app.todos", "read"));
}

TEST(DocumentTest, TypesWithoutUseKeepTheirName) {
  const auto settings = parse_document("a = 1.5\nb = [1]\nc = 2026-01-01\n", "f");
  ASSERT_TRUE(settings.has_value());
  EXPECT_EQ(type_name(settings->at(0).value), "a number with a fraction");
  EXPECT_EQ(type_name(settings->at(1).value), "a list of something else than text");
  EXPECT_EQ(type_name(settings->at(2).value), "a date or time");
}

TEST(DocumentTest, MalformedTextIsAnErrorWithItsLine) {
  const auto settings = parse_document("a = 1\nb = = 2\n", "config.toml");
  ASSERT_FALSE(settings.has_value());
  EXPECT_THAT(settings.error().message, HasSubstr("config.toml:2: "));
}

TEST(DocumentTest, KeyThatStandsTwiceIsAnError) {
  const auto settings = parse_document("a = 1\na = 2\n", "config.toml");
  ASSERT_FALSE(settings.has_value());
  EXPECT_THAT(settings.error().message, HasSubstr("config.toml:2: "));
}

}  // namespace
}  // namespace holdfast::config
