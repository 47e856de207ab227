#pragma once

#include <string>
#include <vector>

#include "cache/catalog/postgres_source.h"

namespace holdfast::cache {

// Runs `sql`, any number of statements, over a connection of its own, in one transaction that
// commits when all of them did. Returns what the server remarked (notices and warnings). Errors as
// read_catalog_document_from_postgres(). Blocking. Thread-safe.
Result<std::vector<std::string>> run_postgres_script(const std::string& db_url,
                                                     const std::string& sql,
                                                     const PostgresSourceOptions& options = {});

// The first column of the first row of one read-only query; empty when there is none.
Result<std::string> query_postgres(const std::string& db_url, const std::string& sql,
                                   const PostgresSourceOptions& options = {});

}  // namespace holdfast::cache
