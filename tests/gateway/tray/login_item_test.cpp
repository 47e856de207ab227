#include "gateway/tray/login_item.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temp_dir.h"

namespace holdfast::tray {
namespace {

using ::testing::HasSubstr;

class LoginItemTest : public ::testing::Test {
 protected:
  LoginItem item(Platform platform, std::vector<std::string> command = {"/opt/holdfast", "tray"}) {
    return {platform, {{"HOME", home_}, {"APPDATA", home_ + "/Roaming"}}, std::move(command)};
  }

  support::TempDir folder_;
  const std::string home_ = folder_.path().string();
};

TEST_F(LoginItemTest, IsSwitchedOnAndOffOnEveryPlatform) {
  for (const auto platform : {Platform::kLinux, Platform::kMacos, Platform::kWindows}) {
    const LoginItem login = item(platform);
    EXPECT_FALSE(login.enabled());
    ASSERT_TRUE(login.set(true)) << login.path();
    EXPECT_TRUE(login.enabled());
    EXPECT_TRUE(std::filesystem::exists(login.path()));
    ASSERT_TRUE(login.set(false));
    EXPECT_FALSE(login.enabled());
    EXPECT_FALSE(std::filesystem::exists(login.path()));
  }
}

TEST_F(LoginItemTest, LiesWhereEachPlatformLooks) {
  EXPECT_EQ(item(Platform::kLinux).path(), home_ + "/.config/autostart/holdfast-tray.desktop");
  EXPECT_EQ(item(Platform::kMacos).path(), home_ + "/Library/LaunchAgents/dev.holdfast.tray.plist");
  EXPECT_THAT(item(Platform::kWindows).path(), HasSubstr("/Startup/Holdfast.cmd"));
  const LoginItem xdg(Platform::kLinux, {{"HOME", home_}, {"XDG_CONFIG_HOME", home_ + "/cfg"}}, {});
  EXPECT_EQ(xdg.path(), home_ + "/cfg/autostart/holdfast-tray.desktop");
}

TEST_F(LoginItemTest, RunsTheCommandWithItsArgumentsAsTheyAre) {
  const std::vector<std::string> command = {"/opt/my apps/holdfast", "tray", "--data",
                                            R"(/d/100% "a" & $b\c)"};
  EXPECT_THAT(item(Platform::kLinux, command).text(),
              HasSubstr(R"(Exec="/opt/my apps/holdfast" "tray" "--data" )"
                        R"("/d/100%% \\"a\\" & \\$b\\\\c")"));
  EXPECT_THAT(item(Platform::kMacos, command).text(),
              HasSubstr(R"(<string>/d/100% "a" &amp; $b\c</string>)"));
  EXPECT_THAT(item(Platform::kWindows, command).text(), HasSubstr(R"("tray" "--data" "/d/100%%)"));
}

TEST_F(LoginItemTest, WhatADesktopSwitchedOffIsOff) {
  const LoginItem login = item(Platform::kLinux);
  ASSERT_TRUE(login.set(true));
  std::ofstream(login.path(), std::ios::app) << "Hidden=true\n";
  EXPECT_FALSE(login.enabled());
  ASSERT_TRUE(login.set(true));
  EXPECT_TRUE(login.enabled());
}

TEST_F(LoginItemTest, WithoutAHomeNothingIsSwitchedOn) {
  const LoginItem login(Platform::kLinux, {}, {"/opt/holdfast", "tray"});
  EXPECT_FALSE(login.set(true));
  EXPECT_FALSE(login.enabled());
}

}  // namespace
}  // namespace holdfast::tray
