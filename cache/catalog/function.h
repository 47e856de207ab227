#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::cache {

struct RelationName {
  std::string schema;
  std::string table;
};

// Of a function, input only.
struct Argument {
  std::string name;  // empty when it has none
  std::string type;
  bool has_default = false;
  bool variadic = false;
  std::optional<RelationName> row_of;  // set when its type is the row type of a table or view
};

enum class Volatility : std::uint8_t { kImmutable, kStable, kVolatile };

struct Function {
  std::string schema;
  std::string name;
  std::vector<Argument> arguments;
  Volatility volatility = Volatility::kVolatile;
  std::string returns;
  bool returns_set = false;
  // Who may call it; nullopt when nothing is known of grants.
  std::optional<std::vector<std::string>> roles;
  std::string comment;
};

}  // namespace holdfast::cache
