#include "gateway/cli/documents.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <fstream>
#include <sstream>

#include "gateway/cli/verbs.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cli {
namespace {

constexpr const char* kShells[] = {"bash", "zsh", "fish"};

bool contains(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// What bash offers after `line`, whose last word is being written.
std::vector<std::string> offers(const std::vector<std::string>& line) {
  const support::TempDir folder;
  const std::string script = folder.path().string() + "/script";
  std::ofstream file(script);
  file << completion_for("bash") << "COMP_WORDS=(holdfast";
  for (const auto& word : line) file << " '" << word << "'";
  file << ")\nCOMP_CWORD=" << line.size() << "\n_holdfast\nprintf '%s\\n' \"${COMPREPLY[@]}\"\n";
  file.close();
  FILE* shell = popen(("bash " + script).c_str(), "r");
  std::string output;
  for (int c = fgetc(shell); c != EOF; c = fgetc(shell)) output.push_back(static_cast<char>(c));
  EXPECT_EQ(pclose(shell), 0);
  std::istringstream lines(output);
  std::vector<std::string> words;
  for (std::string word; std::getline(lines, word);) {
    if (!word.empty()) words.push_back(word);
  }
  return words;
}

TEST(CompletionTest, NamesEveryVerbOptionAndChoiceInEveryShell) {
  for (const char* shell : kShells) {
    const std::string script = completion_for(shell);
    for (const Verb& verb : verbs()) {
      EXPECT_TRUE(contains(script, verb.word())) << shell << ' ' << verb.name;
      for (const Argument& argument : verb.arguments) {
        if (!argument.is_option()) continue;
        const bool fish = std::string(shell) == "fish";
        const auto name = fish ? "-l " + argument.name.substr(2) : argument.name;
        EXPECT_TRUE(contains(script, name)) << shell << ' ' << verb.name << ' ' << name;
        for (const auto& choice : argument.choices) EXPECT_TRUE(contains(script, choice));
      }
    }
  }
}

TEST(CompletionTest, FishTellsAVerbFromTheWordOfAGroup) {
  std::istringstream lines(completion_for("fish"));
  int found = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!contains(line, "-l unchecked")) continue;
    EXPECT_TRUE(contains(line, "seen_subcommand_from init; and not __fish_seen_subcommand_from"))
        << line;
    ++found;
  }
  EXPECT_EQ(found, 1);
}

TEST(CompletionTest, BashOffersVerbsThenTheirWordsThenTheirOptions) {
  EXPECT_THAT(offers({"st"}), testing::ElementsAre("status"));
  EXPECT_THAT(offers({"outbox", "re"}), testing::Contains("retry"));
  EXPECT_THAT(offers({"outbox", "list", "--st"}), testing::ElementsAre("--state"));
  EXPECT_THAT(offers({"conflicts", "resolve", "--"}),
              testing::IsSupersetOf({"--choice", "--row", "--config", "--data", "--json"}));
}

TEST(CompletionTest, BashOffersTheValuesOfAnOptionAndNoneForFreeText) {
  EXPECT_THAT(offers({"outbox", "list", "--state", "de"}), testing::ElementsAre("dead"));
  EXPECT_THAT(offers({"conflicts", "resolve", "7", "--choice", ""}),
              testing::ElementsAre("local", "remote", "merged"));
  EXPECT_THAT(offers({"serve", "--key", ""}), testing::IsEmpty());
}

TEST(CompletionTest, BashTakesNoValueForAVerb) {
  EXPECT_THAT(offers({"status", "--data", "outbox", "--js"}), testing::ElementsAre("--json"));
}

TEST(CompletionTest, BashOffersFilesWhereAFileIsMeant) {
  const support::TempDir folder;
  std::ofstream(folder.path().string() + "/bundle of a shop.json") << "{}";
  const std::vector<std::string> found = {folder.path().string() + "/bundle of a shop.json"};
  EXPECT_EQ(offers({"import", folder.path().string() + "/b"}), found);
  EXPECT_EQ(offers({"status", "--config", folder.path().string() + "/b"}), found);
}

TEST(ManualTest, NamesEveryVerbItsArgumentsAndEveryExitStatus) {
  const std::string page = manual();
  for (const Verb& verb : verbs()) {
    EXPECT_TRUE(contains(page, "\\fBholdfast " + verb.name + "\\fR")) << verb.name;
  }
  EXPECT_TRUE(contains(page, "\\fB\\-\\-config\\fR \\fIFILE\\fR"));
  for (const auto& [status, meaning] : exit_statuses()) {
    EXPECT_TRUE(contains(page, "\\fB" + std::to_string(status) + "\\fR\n" + meaning));
  }
}

TEST(ManualTest, NoLineOfTextIsTakenForARequest) {
  std::istringstream lines(manual());
  for (std::string line; std::getline(lines, line);) {
    if (line.empty() || (line.front() != '.' && line.front() != '\'')) continue;
    EXPECT_TRUE(contains(".TH .SH .SS .TP .PP .RS .RE .B", line.substr(0, line.find(' ')))) << line;
  }
}

}  // namespace
}  // namespace holdfast::cli
