#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace holdfast::http {

// ASCII case-insensitive equality, as field names and most tokens compare (RFC 9110 5.1).
bool equals_ignoring_case(std::string_view a, std::string_view b);

// Field lines in the order in which they came; a name may come more than once.
// One thread at a time: whoever holds the message.
class Headers {
 public:
  using Field = std::pair<std::string, std::string>;

  Headers() = default;
  Headers(std::initializer_list<Field> fields) : fields_(fields) {}

  // Appends a line; keeps earlier ones of the same name.
  void add(std::string name, std::string value);
  // Replaces all lines of the name by one.
  void set(std::string_view name, std::string value);
  void remove(std::string_view name);

  // The first line's value; nullopt when there is none. Valid until the Headers change.
  std::optional<std::string_view> find(std::string_view name) const;
  bool contains(std::string_view name) const { return find(name).has_value(); }
  // The comma-separated members of all lines of the name, trimmed, empty ones left out (RFC
  // 9110 5.6.1).
  std::vector<std::string_view> list(std::string_view name) const;

  auto begin() const { return fields_.begin(); }
  auto end() const { return fields_.end(); }
  std::size_t size() const { return fields_.size(); }

 private:
  std::vector<Field> fields_;
};

}  // namespace holdfast::http
