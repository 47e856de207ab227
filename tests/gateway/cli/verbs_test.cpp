#include "gateway/cli/verbs.h"

#include <gtest/gtest.h>

#include <set>

#include "gateway/cli/cli.h"
#include "queue/entry.h"

namespace holdfast::cli {
namespace {

int run_words(std::vector<std::string> words) {
  words.insert(words.begin(), "holdfast");
  std::vector<char*> arguments;
  for (auto& word : words) arguments.push_back(word.data());
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int status = run(static_cast<int>(arguments.size()), arguments.data());
  testing::internal::GetCapturedStdout();
  testing::internal::GetCapturedStderr();
  return status;
}

TEST(VerbsTest, EveryNameIsThereOnceAndItsGroupIsListed) {
  std::set<std::string> groups;
  for (const VerbGroup& group : verb_groups()) EXPECT_TRUE(groups.insert(group.name).second);
  std::set<std::string> names;
  for (const Verb& verb : verbs()) {
    EXPECT_TRUE(names.insert(verb.name).second) << verb.name;
    EXPECT_TRUE(verb.group().empty() || groups.contains(verb.group())) << verb.name;
    EXPECT_FALSE(groups.contains(verb.name)) << verb.name;
  }
}

TEST(VerbsTest, EveryVerbSaysWhatItDoesAndTakesInOneSentenceWithoutAFullStop) {
  for (const Verb& verb : verbs()) {
    ASSERT_FALSE(verb.help.empty()) << verb.name;
    EXPECT_NE(verb.help.back(), '.') << verb.name;
    for (const Argument& argument : verb.arguments) {
      ASSERT_FALSE(argument.help.empty()) << verb.name << ' ' << argument.name;
      EXPECT_NE(argument.help.back(), '.') << verb.name << ' ' << argument.name;
      const bool needs_value = argument.is_option() && argument.takes != Takes::kNothing;
      EXPECT_EQ(needs_value, !argument.value.empty()) << verb.name << ' ' << argument.name;
    }
  }
}

TEST(VerbsTest, StatesOfEntriesAreThoseOfTheQueue) {
  int checked = 0;
  for (const Verb& verb : verbs()) {
    if (verb.group() != "outbox") continue;
    for (const Argument& argument : verb.arguments) {
      if (argument.name != "--state") continue;
      for (const auto& state : argument.choices) {
        // Lists name all states but the ends at once, too.
        EXPECT_TRUE(queue::state_named(state).has_value() || state == "unfinished") << state;
        ++checked;
      }
    }
  }
  EXPECT_GT(checked, 0);
}

TEST(VerbsTest, AWrongCommandLineIsStatus2) {
  EXPECT_EQ(run_words({}), 2);
  EXPECT_EQ(run_words({"frobnicate"}), 2);
  EXPECT_EQ(run_words({"outbox"}), 2);
  EXPECT_EQ(run_words({"outbox", "show"}), 2);
  EXPECT_EQ(run_words({"outbox", "list", "--state", "frobnicated"}), 2);
  EXPECT_EQ(run_words({"serve", "--port", "70000"}), 2);
  EXPECT_EQ(run_words({"completion", "tcsh"}), 2);
}

TEST(VerbsTest, AMisspeltVerbIsToldWithTheOneThatComesClosest) {
  const auto told = [](std::vector<std::string> words) {
    words.insert(words.begin(), "holdfast");
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    testing::internal::CaptureStderr();
    EXPECT_EQ(run(static_cast<int>(arguments.size()), arguments.data()), 2);
    return testing::internal::GetCapturedStderr();
  };
  EXPECT_EQ(told({"statsu"}), "holdfast: there is no command \"statsu\"; did you mean status?\n");
  EXPECT_EQ(told({"outbox", "rety"}),
            "holdfast: there is no command \"outbox rety\"; did you mean outbox retry?\n");
  EXPECT_EQ(told({"foo"}), "holdfast: there is no command \"foo\"; holdfast --help lists all\n");
}

TEST(VerbsTest, HelpAndVersionAreStatus0) {
  EXPECT_EQ(run_words({"--help"}), 0);
  EXPECT_EQ(run_words({"--version"}), 0);
  for (const Verb& verb : verbs()) {
    std::vector<std::string> words;
    if (!verb.group().empty()) words.push_back(verb.group());
    words.push_back(verb.word());
    words.emplace_back("--help");
    EXPECT_EQ(run_words(words), 0) << verb.name;
  }
}

TEST(VerbsTest, WhatWasNotGivenIsEmpty) {
  Given given;
  given.set("--port", "8080");
  EXPECT_TRUE(given.has("--port"));
  EXPECT_EQ(given.number("--port", 1), 8080);
  EXPECT_FALSE(given.has("--key"));
  EXPECT_EQ(given.text("--key"), "");
  EXPECT_EQ(given.number("--other", 7), 7);
}

}  // namespace
}  // namespace holdfast::cli
