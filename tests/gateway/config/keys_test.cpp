#include "gateway/config/keys.h"

#include <set>

#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

TEST(KeysTest, EveryNameStandsOnce) {
  std::set<std::string> names;
  for (const Key& key : known_keys()) EXPECT_TRUE(names.insert(key.name).second) << key.name;
}

// Catches two keys that share a field, and a key that sets another field than it shows.
TEST(KeysTest, SettingAKeyChangesThatKeyAlone) {
  for (const Key& key : known_keys()) {
    Config config;
    bool changed = false;
    for (const Value& value : std::vector<Value>{
             std::string("https://other.example"),
             std::string("1d"),
             std::string("2d"),
             std::string("3s"),
             std::string("7KiB"),
             std::string("128KiB"),
             std::string("other:1"),
             std::string("close"),
             std::string("network-first"),
             std::string("manual"),
             std::string("append_only"),
             false,
             std::string("off"),
             std::string("whole"),
             std::string("json"),
             std::int64_t{3},
             true,
             std::vector<std::string>{"other"},
             std::vector<std::string>{"https://other.example"},
             std::vector<std::string>{"sha256/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
             std::vector<std::string>{"https://other.example/.well-known/jwks.json"}}) {
      if (changed || !key.set(config, "todos", value)) continue;
      changed = key.print(config, "todos") != key.print(Config{}, "todos");
    }
    for (const Key& other : known_keys()) {
      const bool differs = other.print(config, "todos") != other.print(Config{}, "todos");
      EXPECT_EQ(differs, changed && other.name == key.name) << key.name << " and " << other.name;
    }
    const std::set<std::string> fixed = {"tables.*.writes"};
    EXPECT_EQ(changed, !fixed.contains(key.name)) << key.name;
  }
}

}  // namespace
}  // namespace holdfast::config
