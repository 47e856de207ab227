#pragma once

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Recomputes the journals of the data folder, whether a gateway runs on it or not. Exits with 1
// when a record is altered, missing or out of its place.
int verify(const CommonOptions& common);

}  // namespace holdfast::cli
