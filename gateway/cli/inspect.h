#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

int status(const CommonOptions& common);
struct SyncOptions {
  bool wait = false;  // until the queue is empty and every table is here
  int timeout = 0;    // seconds for that; 0 = as long as it takes
};
int sync(const CommonOptions& common, const SyncOptions& options);

// Reads the catalog over `db_url` (else the configured one) and keeps it for the next start.
int catalog_pull(const CommonOptions& common, const std::string& db_url);
// Prints the kept catalog.
int catalog_show(const CommonOptions& common);

}  // namespace holdfast::cli
