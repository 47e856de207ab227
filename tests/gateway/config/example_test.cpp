#include <algorithm>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "gateway/config/keys.h"
#include "tests/gateway/config/test_environment.h"

namespace holdfast::config {
namespace {

// The table whose section stands for [tables.NAME] in the example.
constexpr const char* kTable = "todos";

std::vector<std::string> lines_of_example() {
  std::ifstream file(HF_EXAMPLE_CONFIG);
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

// "section.key" to the value's text, in the order of the file.
std::vector<std::pair<std::string, std::string>> values_of_example() {
  std::vector<std::pair<std::string, std::string>> values;
  std::string section;
  for (const std::string& line : lines_of_example()) {
    const std::size_t equals = line.find(" = ");
    if (line.starts_with('[')) section = line.substr(1, line.find(']') - 1);
    if (section == std::string("tables.") + kTable) section = "tables.*";
    if (line.starts_with('#') || equals == std::string::npos) continue;
    values.emplace_back(section + '.' + line.substr(0, equals), line.substr(equals + 3));
  }
  return values;
}

std::string effect(const Key& key, const Config& config) { return key.print(config, kTable); }

TEST(ExampleTest, LoadsAndEqualsTheDefaults) {
  const auto example = load_config(HF_EXAMPLE_CONFIG, environment_of({}));
  ASSERT_TRUE(example.has_value()) << example.error().message;
  for (const Key& key : known_keys()) {
    EXPECT_EQ(effect(key, *example), effect(key, default_config())) << key.name;
  }
}

TEST(ExampleTest, ShowsEveryKeyInOrderWithItsDefaultSpelledOut) {
  std::vector<std::pair<std::string, std::string>> expected;
  for (const Key& key : known_keys()) expected.emplace_back(key.name, effect(key, Config{}));
  const auto shown = values_of_example();
  ASSERT_EQ(shown.size(), expected.size());
  for (std::size_t i = 0; i < shown.size(); ++i) {
    EXPECT_EQ(shown[i].first, expected[i].first);
    EXPECT_EQ(shown[i].second, expected[i].second) << shown[i].first;
  }
}

TEST(ExampleTest, ExplainsEveryKeyInTheLinesAboveIt) {
  const auto lines = lines_of_example();
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const bool is_setting = !lines[i].starts_with('#') && lines[i].find(" = ") != lines[i].npos;
    EXPECT_TRUE(!is_setting || lines[i - 1].starts_with("# ")) << lines[i];
  }
}

}  // namespace
}  // namespace holdfast::config
