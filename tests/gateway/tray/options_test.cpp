#include "gateway/tray/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tray {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(TrayOptionsTest, WordsBecomeOptions) {
  const auto arguments = parse_arguments({"--data", "/d", "--config", "/c.toml", "--gateway",
                                          "/bin/holdfast", "--no-start", "--long-offline", "90"});
  ASSERT_TRUE(arguments);
  EXPECT_EQ(arguments->tray.data_folder, "/d");
  EXPECT_FALSE(arguments->tray.start_gateway);
  EXPECT_EQ(arguments->tray.notices.long_offline, 90s);
  EXPECT_THAT(gateway_command(*arguments),
              ElementsAre("/bin/holdfast", "serve", "--config", "/c.toml", "--data", "/d"));
}

TEST(TrayOptionsTest, AtLoginTheSameTrayComes) {
  const auto arguments = parse_arguments({"--data", "/d", "--gateway", "/bin/holdfast"});
  ASSERT_TRUE(arguments);
  EXPECT_THAT(login_command(*arguments), ElementsAre("/bin/holdfast", "tray", "--data", "/d"));
}

TEST(TrayOptionsTest, WhatIsWrongIsNamed) {
  EXPECT_THAT(parse_arguments({"--nonsense", "x"}).error().message, HasSubstr("--nonsense"));
  EXPECT_THAT(parse_arguments({"--data"}).error().message, HasSubstr("--data"));
  EXPECT_THAT(parse_arguments({"word"}).error().message, HasSubstr("word"));
  for (const char* seconds : {"soon", "0", "5s", ""}) {
    EXPECT_THAT(parse_arguments({"--long-offline", seconds}).error().message,
                HasSubstr("--long-offline"))
        << seconds;
  }
}

TEST(TrayOptionsTest, HelpAndVersionAreWishes) {
  EXPECT_EQ(parse_arguments({"--help"})->wish, Arguments::Wish::kHelp);
  EXPECT_EQ(parse_arguments({"--version"})->wish, Arguments::Wish::kVersion);
}

}  // namespace
}  // namespace holdfast::tray
