#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include <spdlog/logger.h>

namespace holdfast {

using Logger = spdlog::logger;

struct LogOptions {
  enum class Format { kText, kJson };

  // trace, debug, info, warn, error or off. Default info.
  std::string level = "info";
  // One line for each event: text for people, or a JSON object {"time","level","event",…} with the
  // event's keys. Default text.
  Format format = Format::kText;
  // File to write to instead of stderr. Default empty: stderr.
  std::string file;
  // Bytes after which holdfast.log is put aside as holdfast.1.log and so on, default 10 MiB.
  std::uint64_t max_bytes = 10 * 1024 * 1024;
  // How many files put aside are kept, default 5.
  std::uint32_t max_files = 5;
};

// A logger to stderr or a file of mode 0600. Messages read `event key=value key=value`; never a
// body, a token or row data. Whatever a value holds, an event is one line. Throws
// std::runtime_error when the file cannot be written.
std::shared_ptr<Logger> make_logger(const LogOptions& options);

// A logger that drops everything, for tests.
std::shared_ptr<Logger> silent_logger();

}  // namespace holdfast
