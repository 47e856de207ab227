#pragma once

#include <string>

#include "gateway/base/result.h"
#include "gateway/config/config.h"

namespace holdfast::cli {

// What every command takes.
struct CommonOptions {
  std::string config_file;
  std::string data_dir;
  bool json = false;
};

// Where the user's own configuration is, or would be.
std::string user_config_file();
// The file that --config names, else the user's own; empty where there is neither.
std::string config_file_of(const CommonOptions& options);
// The configuration that --config (else the user's own file, if there is one) and --data give.
Result<config::Config> load(const CommonOptions& options);

// `text`, or what stdin gives where it is "-".
std::string text_or_stdin(const std::string& text);

// Prints "holdfast: …" on stderr; always 1, the exit status of failure.
int fail(const std::string& message);

}  // namespace holdfast::cli
