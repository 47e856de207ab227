#include "gateway/config/environment.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace holdfast::config {
namespace {

constexpr std::string_view kVariablePrefix = "env:";
constexpr std::string_view kFilePrefix = "file:";

Result<std::string> read_file(const std::string& name, const std::string& folder) {
  const std::filesystem::path path = std::filesystem::path(folder) / name;
  std::error_code ignored;
  std::ifstream file(path, std::ios::binary);
  if (!file || std::filesystem::is_directory(path, ignored)) {
    return invalid_request("HF_CONFIG", "cannot read the file " + path.string());
  }
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.ends_with('\n')) text.pop_back();
  if (text.ends_with('\r')) text.pop_back();
  return text;
}

Result<std::string> resolve(const std::string& text, const Environment& environment,
                            const std::string& folder) {
  if (text.starts_with(kFilePrefix)) return read_file(text.substr(kFilePrefix.size()), folder);
  if (!text.starts_with(kVariablePrefix)) return text;
  const std::string name = text.substr(kVariablePrefix.size());
  const std::optional<std::string> value = environment.variable(name);
  if (!value) {
    return invalid_request("HF_CONFIG", "the environment variable " + name + " is not set");
  }
  return *value;
}

}  // namespace

Environment process_environment() {
  return {[](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  }};
}

Result<Value> resolve_references(Value value, const Environment& environment,
                                 const std::string& folder) {
  if (auto* text = std::get_if<std::string>(&value)) {
    HF_TRY(*text, resolve(*text, environment, folder));
  } else if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
    for (std::string& element : *list) {
      HF_TRY(element, resolve(element, environment, folder));
    }
  }
  return value;
}

}  // namespace holdfast::config
