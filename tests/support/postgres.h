#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::test {

// A throw-away PostgreSQL server: its own cluster in a temporary folder, on a free loopback port,
// superuser `postgres` without a password, UTF-8, locale C.UTF-8, time zone UTC.
//
// It ends and its folder goes with the object; when the test program dies, the kernel ends it. The
// constructor throws std::runtime_error when the server's programs (Debian: postgresql-15) are not
// installed or do not start: a test that needs a database fails, it does not skip. HF_POSTGRES_BIN
// in the environment names another folder of programs.
// One thread at a time: the test that made it (its death ends the server too).
class PostgresCluster {
 public:
  // `settings` are further lines of postgresql.conf, such as "wal_level=logical".
  explicit PostgresCluster(const std::vector<std::string>& settings = {});
  ~PostgresCluster();
  PostgresCluster(const PostgresCluster&) = delete;
  PostgresCluster& operator=(const PostgresCluster&) = delete;

  int port() const { return port_; }
  // "postgresql://postgres@127.0.0.1:PORT/DATABASE"
  std::string url(const std::string& database = "postgres") const;

  // Runs statements through psql and returns its unaligned output: rows by line, columns by '|',
  // NULL as "". Throws with psql's words on the first error.
  std::string run(const std::string& sql, const std::string& database = "postgres") const;

  void create_database(const std::string& name) const;

  // Fast shutdown, and start on the same port and data.
  void stop();
  void start();

 private:
  void initialize(const std::vector<std::string>& settings);
  bool ready() const;

  std::filesystem::path programs_;
  std::filesystem::path folder_;
  int port_;
  pid_t server_ = -1;
};

}  // namespace holdfast::test
