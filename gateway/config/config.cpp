#include "gateway/config/config.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

#include "gateway/config/keys.h"
#include "gateway/config/suggestion.h"

namespace holdfast::config {
namespace {

constexpr std::string_view kTables = "tables";

Error problem(std::string message) { return invalid_request("HF_CONFIG", std::move(message)); }

// A setting together with its place ("at config.toml:3") and the folder of its "file:" references.
struct Place {
  std::string text;
  std::string folder;
};

std::string join(const std::vector<std::string>& path) {
  std::string name;
  for (const std::string& part : path) {
    if (!name.empty()) name += '.';
    name += part.find('.') == std::string::npos ? part : '"' + part + '"';
  }
  return name;
}

bool is_table_key(const std::vector<std::string>& path) {
  return path.size() == 3 && path[0] == kTables;
}

// The name under which known_keys() has the path.
std::string generic_name(const std::vector<std::string>& path) {
  return is_table_key(path) ? "tables.*." + path[2] : join(path);
}

std::set<std::string> known_sections() {
  std::set<std::string> sections;
  for (const Key& key : known_keys()) sections.insert(key.name.substr(0, key.name.find('.')));
  return sections;
}

std::string remedy(const std::vector<std::string>& path) {
  if (path.size() > 3 && path[0] == kTables) {
    return "; write a table outside the first schema as [tables.\"SCHEMA.NAME\"]";
  }
  std::vector<std::string> names;
  for (const Key& key : known_keys()) names.push_back(key.name);
  const std::string unknown = generic_name(path);
  const std::string nearest = nearest_key(unknown, names);
  if (nearest.empty()) return "";
  const std::size_t dot = nearest.rfind('.');
  const bool same_section = nearest.substr(0, dot) == unknown.substr(0, unknown.rfind('.'));
  return "; did you mean `" + (same_section ? nearest.substr(dot + 1) : nearest) + "`?";
}

// A name that is a section, or stands in the place of one.
Result<void> check_section(const Setting& setting, const Place& place) {
  const bool is_section = std::holds_alternative<EmptySection>(setting.value);
  const bool known = known_sections().contains(setting.path[0]);
  const bool is_table = setting.path.size() == 2 && setting.path[0] == kTables;
  if (known && is_section && (setting.path.size() == 1 || is_table)) return {};
  const std::string name = join(setting.path);
  if (known && (setting.path.size() == 1 || is_table)) {
    return problem("`" + name + "` " + place.text + ": expected a section [" + name + "], found " +
                   type_name(setting.value));
  }
  const std::string what = is_section ? "unknown section `" : "unknown key `";
  return problem(what + name + "` " + place.text + remedy(setting.path));
}

Result<void> apply(Config& config, const Setting& setting, const Place& place,
                   const Environment& environment) {
  const std::string name = generic_name(setting.path);
  const Key* known = nullptr;
  for (const Key& key : known_keys()) {
    if (key.name == name) known = &key;
  }
  if (known == nullptr) return check_section(setting, place);
  const std::string table = is_table_key(setting.path) ? setting.path[1] : "";
  const auto value = resolve_references(setting.value, environment, place.folder);
  const Result<void> outcome =
      value ? known->set(config, table, *value) : Result<void>(value.error());
  if (outcome) return {};
  return problem("`" + join(setting.path) + "` " + place.text + ": " + outcome.error().message);
}

// The value that a command line's text stands for: where a key does not take text, its meaning.
Value value_of(const std::string& text) {
  if (text == "true" || text == "false") return text == "true";
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec == std::errc{} && parsed.ptr == end) return number;
  return text;
}

// A table of the first schema has two names.
std::string named_twice(const Config& config, const std::string& source) {
  const auto& tables = config.replica.table_options;
  const std::string schema = config.replica.default_schema + ".";
  for (const auto& [name, options] : tables) {
    if (!name.starts_with(schema) || !tables.contains(name.substr(schema.size()))) continue;
    std::string words = "`tables.\"";
    words.append(name).append("\"` in ").append(source).append(": [tables.");
    return words.append(name, schema.size()).append("] is the same table; keep one of the two");
  }
  return "";
}

}  // namespace

Config default_config() { return {}; }

Result<Config> parse_config(std::string_view toml, const std::string& source,
                            const Environment& environment) {
  HF_TRY(const std::vector<Setting> settings, parse_document(toml, source));
  Config config;
  std::string problems;
  const std::string folder = std::filesystem::path(source).parent_path().string();
  for (const Setting& setting : settings) {
    const Place place{"at " + source + ":" + std::to_string(setting.line), folder};
    const Result<void> applied = apply(config, setting, place, environment);
    if (applied) continue;
    if (!problems.empty()) problems += '\n';
    problems += applied.error().message;
  }
  if (problems.empty()) problems = named_twice(config, source);
  if (!problems.empty()) return problem(std::move(problems));
  return config;
}

Result<Config> load_config(const std::string& path, const Environment& environment) {
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return Error{ErrorKind::kNotFound, "HF_CONFIG", "cannot read the configuration file " + path,
                 std::nullopt, std::nullopt};
  }
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return parse_config(text, path, environment);
}

Result<void> set_key(Config& config, const std::string& key, const std::string& text,
                     const std::string& origin, const Environment& environment) {
  const std::size_t dot = key.find('.');
  const bool has_section = dot != std::string::npos;
  const std::vector<std::string> path =
      has_section ? std::vector{key.substr(0, dot), key.substr(dot + 1)} : std::vector{key};
  const Place place{"from " + origin, ""};
  Config with_text = config;
  Result<void> outcome = apply(with_text, {path, text, 0}, place, environment);
  if (outcome) {
    config = std::move(with_text);
    return {};
  }
  const Value value = value_of(text);
  if (std::holds_alternative<std::string>(value)) return outcome;
  return apply(config, {path, value, 0}, place, environment);
}

}  // namespace holdfast::config
