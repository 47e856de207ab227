#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cache/catalog/catalog.h"
#include "gateway/base/result.h"

namespace holdfast::cache {

struct PostgresSourceOptions {
  // For the connection; libpq counts whole seconds, at least 2. Default 3 s. A longer wait tells
  // slow from offline no better.
  std::chrono::seconds connect_timeout{3};
  // The server gives up on the query after this. Default 30 s.
  std::chrono::milliseconds statement_timeout{30'000};
};

// The catalog document of `schemas` (the default one first) from the database at `db_url` (libpq's
// URL or keyword form), read over a connection of its own in one read-only transaction. Blocks for
// as long as the options allow.
//
// HF400 (kInvalidRequest) when `db_url` cannot be read, HF504 (kUpstreamUnavailable) with libpq's
// words when there is no connection or it breaks, the SQLSTATE (kUpstreamRejected) when the server
// refuses the query. No error ever shows the password. Thread-safe.
Result<std::string> read_catalog_document_from_postgres(const std::string& db_url,
                                                        const std::vector<std::string>& schemas,
                                                        const PostgresSourceOptions& options = {});

// The same, parsed.
Result<Catalog> read_catalog_from_postgres(const std::string& db_url,
                                           const std::vector<std::string>& schemas,
                                           const PostgresSourceOptions& options = {});

}  // namespace holdfast::cache
