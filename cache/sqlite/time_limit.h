#pragma once

#include <chrono>

namespace holdfast::cache {

class Database;

// What the statements of a connection may take together while this lives: one that runs on past it
// fails with a SqliteError that says interrupted(). Looked at between a statement's steps, so a
// function that runs for long ends first. One at a time for a connection.
class TimeLimit {
 public:
  TimeLimit(Database& database, std::chrono::milliseconds limit);
  ~TimeLimit();
  TimeLimit(const TimeLimit&) = delete;
  TimeLimit& operator=(const TimeLimit&) = delete;

 private:
  static int is_over(void* limit);

  Database& database_;
  const std::chrono::steady_clock::time_point end_;
};

}  // namespace holdfast::cache
