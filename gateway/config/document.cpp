#include "gateway/config/document.h"

#include <algorithm>
#include <utility>

#include <toml++/toml.h>

namespace holdfast::config {
namespace {

std::string name_of(toml::node_type type) {
  switch (type) {
    case toml::node_type::floating_point:
      return "a number with a fraction";
    case toml::node_type::table:
      return "a table";
    case toml::node_type::array:
      return "a list of something else than text";
    default:
      return "a date or time";
  }
}

Value array_value(const toml::array& array) {
  std::vector<std::string> texts;
  for (const toml::node& element : array) {
    const auto text = element.value_exact<std::string>();
    if (!text) return OtherType{name_of(toml::node_type::array)};
    texts.push_back(*text);
  }
  return texts;
}

Value scalar_value(const toml::node& node) {
  if (const auto text = node.value_exact<std::string>()) return *text;
  if (const auto integer = node.value_exact<std::int64_t>()) return *integer;
  if (const auto flag = node.value_exact<bool>()) return *flag;
  if (const toml::array* array = node.as_array()) return array_value(*array);
  return OtherType{name_of(node.type())};
}

void collect(const toml::table& table, std::vector<std::string>& path,
             std::vector<Setting>& settings) {
  for (const auto& [key, node] : table) {
    path.emplace_back(key.str());
    const toml::table* section = node.as_table();
    if (section == nullptr) {
      settings.push_back({path, scalar_value(node), key.source().begin.line});
    } else if (section->empty()) {
      settings.push_back({path, EmptySection{}, key.source().begin.line});
    } else {
      collect(*section, path, settings);
    }
    path.pop_back();
  }
}

struct TypeName {
  std::string operator()(const std::string&) const { return "text"; }
  std::string operator()(std::int64_t) const { return "a whole number"; }
  std::string operator()(bool) const { return "true or false"; }
  std::string operator()(const std::vector<std::string>&) const { return "a list"; }
  std::string operator()(const OtherType& other) const { return other.name; }
  std::string operator()(EmptySection) const { return "a section"; }
};

}  // namespace

std::string type_name(const Value& value) { return std::visit(TypeName{}, value); }

Result<std::vector<Setting>> parse_document(std::string_view toml, const std::string& source) {
  std::vector<Setting> settings;
  try {
    const toml::table root = toml::parse(toml);
    std::vector<std::string> path;
    collect(root, path, settings);
  } catch (const toml::parse_error& error) {
    // The library reports a malformed file by exception; for us it is an outcome.
    return invalid_request("HF_CONFIG", source + ":" + std::to_string(error.source().begin.line) +
                                            ": " + std::string(error.description()));
  }
  // The library orders a table by key; a person reads messages in the file's order.
  std::stable_sort(settings.begin(), settings.end(),
                   [](const Setting& a, const Setting& b) { return a.line < b.line; });
  return settings;
}

}  // namespace holdfast::config
