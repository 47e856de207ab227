#pragma once

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Looks for the usual troubles and says what to do about each. 0 when nothing is broken.
int doctor(const CommonOptions& common);

}  // namespace holdfast::cli
