#pragma once

#include <memory>
#include <string>

#include <spdlog/logger.h>

namespace holdfast {

using Logger = spdlog::logger;

struct LogOptions {
  // trace, debug, info, warn, error or off.
  std::string level = "info";
};

// A logger to stderr. Lines read `event key=value`; never a body, a token or row data.
std::shared_ptr<Logger> make_logger(const LogOptions& options);

// A logger that drops everything, for tests.
std::shared_ptr<Logger> silent_logger();

}  // namespace holdfast
