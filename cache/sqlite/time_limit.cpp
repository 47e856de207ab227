#include "cache/sqlite/time_limit.h"

#include <sqlite3.h>

#include "cache/sqlite/database.h"

namespace holdfast::cache {
namespace {

// Of SQLite's virtual machine: a tenth of a millisecond or so.
constexpr int kInstructions = 10'000;

}  // namespace

TimeLimit::TimeLimit(Database& database, std::chrono::milliseconds limit)
    : database_(database), end_(std::chrono::steady_clock::now() + limit) {
  sqlite3_progress_handler(database_.handle(), kInstructions, is_over, this);
}

TimeLimit::~TimeLimit() { sqlite3_progress_handler(database_.handle(), 0, nullptr, nullptr); }

int TimeLimit::is_over(void* limit) {
  return std::chrono::steady_clock::now() > static_cast<TimeLimit*>(limit)->end_ ? 1 : 0;
}

}  // namespace holdfast::cache
