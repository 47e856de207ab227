#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/architecture/module_rules.h"
#include "tests/architecture/source_tree.h"

namespace holdfast::architecture {
namespace {

const std::vector<SourceFile>& tree() {
  static const std::vector<SourceFile> kTree = read_tree(HF_SOURCE_ROOT);
  return kTree;
}

// Fails with all offenders in one message, so that they are mended in one go.
void expect_none(const std::vector<std::string>& offenders) {
  std::string list;
  for (const std::string& offender : offenders) list += "\n  " + offender;
  EXPECT_TRUE(offenders.empty()) << list;
}

std::vector<std::string> offenders(bool (*offends)(const SourceFile&)) {
  std::vector<std::string> paths;
  for (const SourceFile& file : tree()) {
    if (offends(file)) paths.push_back(file.path);
  }
  return paths;
}

bool is_longer_than(const SourceFile& file, std::size_t limit) {
  return line_count(file.text) > limit;
}

TEST(ArchitectureTest, TreeIsReallyRead) {
  const bool has_this_file = std::any_of(tree().begin(), tree().end(), [](const SourceFile& file) {
    return file.path == "tests/architecture/architecture_test.cpp";
  });
  EXPECT_TRUE(has_this_file);
  EXPECT_GT(tree().size(), 50u);
}

TEST(ArchitectureTest, IncludesFollowTheTableOfModules) {
  std::vector<std::string> headers;
  for (const SourceFile& file : tree()) {
    if (file.is_header()) headers.push_back(file.path);
  }
  std::vector<std::string> violations;
  for (const SourceFile& file : tree()) {
    if (!file.is_cpp()) continue;
    const auto found = include_violations(file, headers);
    violations.insert(violations.end(), found.begin(), found.end());
  }
  expect_none(violations);
}

TEST(ArchitectureTest, EverySourceBelongsToAModule) {
  expect_none(offenders([](const SourceFile& file) {
    const bool is_test = file.path.starts_with("tests/");
    return file.is_cpp() && !is_test && module_of(file.path).empty();
  }));
}

// A test that nobody builds passes for ever.
TEST(ArchitectureTest, EverySourceOfTheTestsIsBuilt) {
  std::set<std::string> built;
  static const std::regex kSource("[A-Za-z0-9_]+[.]cpp");
  for (const SourceFile& file : tree()) {
    if (!file.path.ends_with("CMakeLists.txt")) continue;
    const std::sregex_iterator names(file.text.begin(), file.text.end(), kSource);
    for (auto name = names; name != std::sregex_iterator(); ++name) built.insert(name->str());
  }
  std::vector<std::string> unbuilt;
  for (const SourceFile& file : tree()) {
    if (!file.path.starts_with("tests/") || !file.path.ends_with(".cpp")) continue;
    if (!built.contains(file.path.substr(file.folder().size() + 1))) unbuilt.push_back(file.path);
  }
  expect_none(unbuilt);
}

TEST(ArchitectureTest, EveryModuleAndTopFolderHasAReadme) {
  std::set<std::string> wanted;
  std::set<std::string> present;
  for (const SourceFile& file : tree()) {
    const std::string folder = file.folder();
    const std::string top = file.path.substr(0, file.path.find('/'));
    const std::string module = module_of(file.path);
    if (!folder.empty() && !top.starts_with('.')) wanted.insert(top);
    if (!module.empty() && module != file.path) wanted.insert(module);
    if (file.path.ends_with("/README.md")) present.insert(folder);
  }
  std::vector<std::string> missing;
  for (const std::string& folder : wanted) {
    if (!present.contains(folder)) missing.push_back(folder + "/README.md");
  }
  expect_none(missing);
}

TEST(ArchitectureTest, ReadmesOfFoldersKeepTo25Lines) {
  expect_none(offenders([](const SourceFile& file) {
    return file.path.ends_with("/README.md") && is_longer_than(file, 25);
  }));
}

TEST(ArchitectureTest, HeadersKeepTo200LinesAndSourcesTo400) {
  expect_none(offenders([](const SourceFile& file) {
    return file.is_cpp() && is_longer_than(file, file.is_header() ? 200 : 400);
  }));
}

TEST(ArchitectureTest, BuildFilesKeepTo40LinesAndTheRootsTo120) {
  expect_none(offenders([](const SourceFile& file) {
    if (!file.path.ends_with("CMakeLists.txt")) return false;
    return is_longer_than(file, file.folder().empty() ? 120 : 40);
  }));
}

TEST(ArchitectureTest, EveryHeaderIsIncludedOnce) {
  expect_none(offenders([](const SourceFile& file) {
    return file.is_header() && !file.text.starts_with("#pragma once\n");
  }));
}

TEST(ArchitectureTest, NoFileNamesAPathOfTheMachineItWasWrittenOn) {
  expect_none(offenders([](const SourceFile& file) {
    // Put together, or this file would name them.
    static const std::regex kPath(std::string("(^|[^A-Za-z0-9._~})*-])/(wo") + "rk|ro" + "ot)/");
    return std::regex_search(file.text, kPath);
  }));
}

}  // namespace
}  // namespace holdfast::architecture
