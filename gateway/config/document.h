#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gateway/base/result.h"

namespace holdfast::config {

// A value of a type that no key takes, by its name ("a number with a fraction").
struct OtherType {
  std::string name;
};

// A `[section]` without keys.
struct EmptySection {};

using Value = std::variant<std::string, std::int64_t, bool, std::vector<std::string>, OtherType,
                           EmptySection>;

// "text", "a whole number" and so on, for messages.
std::string type_name(const Value& value);

// One `key = value` of a file.
struct Setting {
  std::vector<std::string> path;  // section, further sections, key
  Value value;
  std::size_t line = 0;
};

// The settings of a TOML text in its order. An error names `source` and the line.
Result<std::vector<Setting>> parse_document(std::string_view toml, const std::string& source);

}  // namespace holdfast::config
