#pragma once

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Becomes the tray program, which lies beside this one or in PATH, for the gateway of the
// configured data folder; its exit status, 1 where there is none.
int tray(const CommonOptions& common);

}  // namespace holdfast::cli
