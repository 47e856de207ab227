#include "gateway/app/salvages.h"

namespace holdfast::app {

void report(const cache::Salvage& salvage, Logger& log) {
  log.error("file_salvaged kept_as={} rows={} entries={}", salvage.kept_as, salvage.rows,
            salvage.entries);
}

std::string sound_project_file(const std::string& path, Logger& log) {
  cache::finish_salvage(path);
  if (cache::is_damaged(path, cache::FileCheck::kWhole)) {
    report(cache::salvage_project_file(path), log);
  }
  return path;
}

}  // namespace holdfast::app
