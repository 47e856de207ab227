#pragma once

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Prints a link that opens the dashboard of the gateway that runs on the data folder, once.
int dashboard(const CommonOptions& common);

}  // namespace holdfast::cli
