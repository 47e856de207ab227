#pragma once

#include <functional>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/config/config.h"
#include "gateway/config/document.h"

namespace holdfast::config {

// One thing that a person may set: the reading of a file, its messages and the test of
// config.example.toml all come from the same list of these.
struct Key {
  // "section.key"; for a key of each table "tables.*.key".
  std::string name;
  // What a person must write.
  std::string expected;
  // Puts the value into the configuration. `table` is the name in the place of "*".
  // An error's message is the reason alone.
  std::function<Result<void>(Config& config, const std::string& table, const Value& value)> set;
  // The value in effect, as it would be written.
  std::function<std::string(Config config, const std::string& table)> print;
};

// Every key, in the order of config.example.toml. Immutable.
const std::vector<Key>& known_keys();

}  // namespace holdfast::config
