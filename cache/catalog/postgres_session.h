#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cache/catalog/postgres_source.h"

struct pg_result;

namespace holdfast::cache {

// A connection to a PostgreSQL database. No error ever shows the password (internal).
//
// One thread at a time: whoever opened it; blocking.
class PostgresSession {
 public:
  // HF400 (kInvalidRequest) when `db_url` cannot be read, HF504 (kUpstreamUnavailable) with libpq's
  // words when there is no connection.
  static Result<PostgresSession> open(const std::string& db_url,
                                      const PostgresSourceOptions& options);
  PostgresSession(PostgresSession&&) noexcept;
  ~PostgresSession();

  // The first column of the first row; empty when there is none, or NULL. Its SQLSTATE
  // (kUpstreamRejected) when the server refuses the query, HF504 when the connection breaks.
  Result<std::string> run(const char* sql, const std::vector<std::string>& values = {}) const;
  // Any number of statements, in one transaction.
  Result<void> run_script(const char* sql) const;
  // What the server remarked so far.
  const std::vector<std::string>& notices() const;

 private:
  struct Link;
  explicit PostgresSession(std::unique_ptr<Link> link);
  std::string words() const;
  Error connection_error() const;
  Error query_error(const pg_result* answer) const;

  std::unique_ptr<Link> link_;
};

}  // namespace holdfast::cache
