#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::identity {

// Named texts that outlive the process. What must be secret is sealed before it comes here.
// Thread-safe. Blocks for the disk; throws what the disk throws.
class Storage {
 public:
  virtual ~Storage() = default;
  virtual std::optional<std::string> get(std::string_view name) = 0;
  // All texts whose name begins with `prefix`, by name.
  virtual std::map<std::string, std::string> all(std::string_view prefix) = 0;
  // Durable when it returns.
  virtual void put(std::string_view name, std::string_view text) = 0;
  virtual void erase(std::string_view name) = 0;
};

}  // namespace holdfast::identity
