#pragma once

#include <string>

#include "cache/replica/salvage.h"
#include "gateway/base/logging.h"

namespace holdfast::app {

void report(const cache::Salvage& salvage, Logger& log);
// `path` of project.db, which is repaired where it has to be.
std::string sound_project_file(const std::string& path, Logger& log);

}  // namespace holdfast::app
