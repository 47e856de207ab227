#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

// Prints the migration for the configured schemas.
int companion_print(const CommonOptions& common);

// Runs it over `db_url` (else the configured one), in one transaction.
int companion_install(const CommonOptions& common, const std::string& db_url);

// Says which tier the upstream has and what is missing, as its API shows it and, where `db_url` or
// a configured one is known, as the database does. 0 with the companion in order, else 1.
int companion_check(const CommonOptions& common, const std::string& db_url);

}  // namespace holdfast::cli
