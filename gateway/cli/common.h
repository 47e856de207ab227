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

// The configuration that --config (else the user's own file, if there is one) and --data give.
Result<config::Config> load(const CommonOptions& options);

// `text`, or what stdin gives where it is "-".
std::string text_or_stdin(const std::string& text);

// Prints "holdfast: …" on stderr; always 1, the exit status of failure.
int fail(const std::string& message);

}  // namespace holdfast::cli
