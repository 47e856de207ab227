#pragma once

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Recomputes the journals of the data folder, whether a gateway runs on it or not. Exits with 1
// when a record is altered, missing or out of its place.
int verify(const CommonOptions& common);

// Compares every replica with the upstream, row by row, and names each difference. Exits with 1
// when there is one, or when the upstream cannot be asked.
int verify_upstream(const CommonOptions& common);

}  // namespace holdfast::cli
