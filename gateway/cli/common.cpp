#include "gateway/cli/common.h"

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <iterator>

namespace holdfast::cli {
std::string user_config_file() {
  const char* config_home = std::getenv("XDG_CONFIG_HOME");
  const char* home = std::getenv("HOME");
  const std::string base = config_home != nullptr && *config_home == '/'
                               ? std::string(config_home)
                               : std::string(home == nullptr ? "." : home) + "/.config";
  return base + "/holdfast/config.toml";
}

std::string config_file_of(const CommonOptions& options) {
  if (!options.config_file.empty()) return options.config_file;
  const std::string file = user_config_file();
  return std::filesystem::exists(file) ? file : "";
}

Result<config::Config> load(const CommonOptions& options) {
  config::Config config = config::default_config();
  const std::string file = config_file_of(options);
  if (!file.empty()) {
    HF_TRY(config, config::load_config(file, config::process_environment()));
  }
  if (!options.data_dir.empty()) config.data_dir = options.data_dir;
  return config;
}

std::string text_or_stdin(const std::string& text) {
  if (text != "-") return text;
  return {std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>()};
}

int fail(const std::string& message) {
  std::cerr << "holdfast: " << message << '\n';
  return 1;
}

}  // namespace holdfast::cli
