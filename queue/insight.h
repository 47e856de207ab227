#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cache/sqlite/database.h"
#include "gateway/base/clock.h"

namespace holdfast::queue {

// One record of a principal's journal, as people and counters see it.
struct JournalRecord {
  std::int64_t number = 0;
  std::optional<Timestamp> at;
  std::string event;    // created, state, changed, forgotten, conflict, decided, note
  std::string subject;  // the entry's or conflict's id
  std::string was;
  std::string became;
  std::string mac;
};

// Sealed records above `after`, oldest first.
std::vector<JournalRecord> journal_after(cache::Database& database, std::int64_t after, int limit);
// Records below `before`, newest first; of one entry or conflict where `subject` is given.
std::vector<JournalRecord> journal_before(cache::Database& database, std::int64_t before,
                                          const std::string& subject, int limit);
// The number of the newest record before `time`; 0 = none.
std::int64_t journal_number_at(cache::Database& database, Timestamp time);

// Unfinished entries that were sent before.
struct Retries {
  std::int64_t entries = 0;
  std::int64_t most_attempts = 0;
};
Retries retries(cache::Database& database);

// Whether so many entries or more are unfinished; costs little while there are few.
bool holds_at_least(cache::Database& database, std::int64_t entries);

}  // namespace holdfast::queue
