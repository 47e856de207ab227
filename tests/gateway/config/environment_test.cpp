#include "gateway/config/environment.h"

#include <cstdlib>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/test_environment.h"
#include "tests/support/temp_dir.h"

namespace holdfast::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string resolved(const std::string& text, const std::string& folder = "") {
  const auto value =
      resolve_references(text, environment_of({{"SET", "x"}, {"EMPTY", ""}}), folder);
  return value ? std::get<std::string>(*value) : "error: " + value.error().message;
}

TEST(EnvironmentTest, ReferencesBecomeWhatTheyNameAndOtherTextStays) {
  EXPECT_EQ(resolved("env:SET"), "x");
  EXPECT_EQ(resolved("env:EMPTY"), "");
  EXPECT_EQ(resolved("an env:SET inside"), "an env:SET inside");
}

TEST(EnvironmentTest, ReferencesResolveInsideLists) {
  const auto value = resolve_references(std::vector<std::string>{"a", "env:SET"},
                                        environment_of({{"SET", "x"}}), "");
  ASSERT_TRUE(value.has_value());
  EXPECT_THAT(std::get<std::vector<std::string>>(*value), ElementsAre("a", "x"));
}

TEST(EnvironmentTest, UnsetVariableIsAnErrorThatNamesIt) {
  EXPECT_EQ(resolved("env:UNSET"), "error: the environment variable UNSET is not set");
}

TEST(EnvironmentTest, FileLosesItsLastLineEndOnly) {
  const support::TempDir folder;
  std::ofstream(folder.path() / "one") << "a\nb\r\n";
  EXPECT_EQ(resolved("file:one", folder.path().string()), "a\nb");
  EXPECT_EQ(resolved("file:" + (folder.path() / "one").string(), "/elsewhere"), "a\nb");
}

TEST(EnvironmentTest, UnreadableFileIsAnErrorThatNamesIt) {
  const support::TempDir folder;
  EXPECT_THAT(resolved("file:absent", folder.path().string()), HasSubstr("absent"));
  EXPECT_THAT(resolved("file:" + folder.path().string()), HasSubstr("cannot read"));
}

TEST(EnvironmentTest, ProcessEnvironmentReadsThisProcess) {
  setenv("HOLDFAST_CONFIG_TEST", "here", 1);
  EXPECT_EQ(process_environment().variable("HOLDFAST_CONFIG_TEST"), "here");
  unsetenv("HOLDFAST_CONFIG_TEST");
  EXPECT_FALSE(process_environment().variable("HOLDFAST_CONFIG_TEST").has_value());
}

}  // namespace
}  // namespace holdfast::config
