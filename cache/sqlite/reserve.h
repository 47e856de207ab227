#pragma once

#include <cstdint>
#include <string>
#include <utility>

namespace holdfast::cache {

// Room on the disk that is kept for what must go on when the disk is full: a file of zeros, given
// up for the time being and taken again as soon as there is plenty of room.
//
// The files of one folder share one reserve, also those of other connections: only the file itself
// says whether it is there. Without a folder (a database in memory) it is always there.
// One thread at a time: whoever holds it.
class Reserve {
 public:
  // Enough for the longest write-ahead log (Checkpointer), once in the log and once in the
  // database.
  static constexpr std::int64_t kBytes = 24 * 1024 * 1024;

  static Reserve in(const std::string& folder, std::int64_t bytes = kBytes);
  // In the folder of the database whose path this is; "" is none.
  static Reserve beside(const std::string& database, std::int64_t bytes);

  // Whether the room is there, taken just now where that was possible.
  bool keep();
  // Gives the room up.
  void release();
  // The same where not even a database could be opened, which takes a log and an index beside it.
  void release_if_full();

 private:
  Reserve(std::string path, std::int64_t bytes) : path_(std::move(path)), bytes_(bytes) {}

  std::string path_;
  std::int64_t bytes_;
};

}  // namespace holdfast::cache
