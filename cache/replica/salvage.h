#pragma once

#include <cstdint>
#include <string>

namespace holdfast::cache {

class Transaction;

// How much of a principal's file is looked at.
enum class FileCheck {
  kOpening,     // that it opens and its schema reads
  kEssentials,  // and the tables of what only this file has: the outbox, its effects, its journal
  kWhole,       // and the replica's; reads every page, each table in a read of its own
};

// Whether SQLite finds damage in the file at `path`; a missing file has none. Throws SqliteError
// for other faults. Thread-safe.
bool is_damaged(const std::string& path, FileCheck check);

// What a damaged file gave back.
struct Salvage {
  std::string kept_as;       // where the damaged file is now
  std::int64_t rows = 0;     // that could be read
  std::int64_t entries = 0;  // of them in the outbox
};

// Replaces the damaged principal's file at `path` by a new one with all rows that can still be read
// of the outbox, its effects, conflicts, journal and temporary ids; the replica starts empty and is
// read from the upstream again. The damaged file is kept beside it. Nobody may have the file open.
//
// A crash in between leaves the damaged file or the new one: finish_salvage() at the next start
// ends what was begun. Throws SqliteError when the new file cannot be written.
Salvage salvage_file(const std::string& path);
// The same for project.db and its settings.
Salvage salvage_project_file(const std::string& path);
void finish_salvage(const std::string& path);

// Whether the file was salvaged since the last call: its replica is empty, and what is pending has
// to be shown in it.
bool take_salvaged(Transaction& transaction);

// Whether the last process that had the file ended without closing it. Before it is opened.
bool was_left_open(const std::string& path);

}  // namespace holdfast::cache
