#include "gateway/base/logging.h"

#include <sys/stat.h>

#include <spdlog/sinks/null_sink.h>
#include <spdlog/sinks/rotating_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "gateway/base/log_line.h"

namespace holdfast {
namespace {

spdlog::sink_ptr sink_of(const LogOptions& options) {
  if (options.file.empty()) return std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  spdlog::file_event_handlers handlers;
  handlers.after_open = [](const spdlog::filename_t&, std::FILE* file) {
    ::fchmod(::fileno(file), 0600);
  };
  return std::make_shared<spdlog::sinks::rotating_file_sink_mt>(options.file, options.max_bytes,
                                                                options.max_files, false, handlers);
}

}  // namespace

std::shared_ptr<Logger> make_logger(const LogOptions& options) {
  auto logger = std::make_shared<Logger>("holdfast", sink_of(options));
  const bool json = options.format == LogOptions::Format::kJson;
  logger->set_formatter(json ? json_lines() : text_lines());
  logger->set_level(spdlog::level::from_str(options.level));
  // What was said before a crash is what one wants to read after it.
  logger->flush_on(spdlog::level::info);
  return logger;
}

std::shared_ptr<Logger> silent_logger() {
  return std::make_shared<Logger>("silent", std::make_shared<spdlog::sinks::null_sink_mt>());
}

}  // namespace holdfast
