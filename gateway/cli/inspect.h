#pragma once

#include <string>

#include "gateway/cli/common.h"

namespace holdfast::cli {

int status(const CommonOptions& common);
int sync(const CommonOptions& common);

// `state` narrows the list; empty = all that is unfinished or dead.
int outbox_list(const CommonOptions& common, const std::string& state);
int outbox_show(const CommonOptions& common, const std::string& id);

// Reads the catalog over `db_url` (else the configured one) and keeps it for the next start.
int catalog_pull(const CommonOptions& common, const std::string& db_url);
// Prints the kept catalog.
int catalog_show(const CommonOptions& common);

}  // namespace holdfast::cli
