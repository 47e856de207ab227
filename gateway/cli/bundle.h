#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Primes a principal's replica from a bundle file ("-" = stdin): its catalog is kept for the next
// start, its rows become the principal's. `principal`: anon, service, or a token's claims as JSON.
int import_bundle(const CommonOptions& common, const std::string& principal,
                  const std::string& file);

// Prints a principal's replica as a bundle.
int export_bundle(const CommonOptions& common, const std::string& principal);

}  // namespace holdfast::cli
