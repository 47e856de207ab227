#include "cache/sqlite/reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <filesystem>

namespace holdfast::cache {
namespace {

bool has_free(const std::string& path, std::int64_t bytes) {
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return true;  // it shows when the room is taken
  return static_cast<std::int64_t>(disk.f_bavail) >=
         bytes / static_cast<std::int64_t>(disk.f_frsize);
}

bool allocate(const std::string& path, std::int64_t bytes) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) return false;
  const bool done = posix_fallocate(file, 0, bytes) == 0;
  // What was allocated before the disk was full would be missing for the essential writes.
  if (!done && ftruncate(file, 0) != 0) unlink(path.c_str());
  close(file);
  return done;
}

}  // namespace

Reserve Reserve::in(const std::string& folder, std::int64_t bytes) {
  return {std::filesystem::path(folder) / "reserve", bytes};
}

Reserve Reserve::beside(const std::string& database, std::int64_t bytes) {
  if (database.empty()) return {"", bytes};
  return in(std::filesystem::path(database).parent_path(), bytes);
}

bool Reserve::keep() {
  if (path_.empty()) return true;
  struct stat file {};
  const bool exists = stat(path_.c_str(), &file) == 0;
  if (exists && file.st_size >= bytes_) return true;
  // Given up before: taking it again at once would leave the next write without room.
  if (exists && !has_free(path_, 2 * bytes_)) return false;
  return allocate(path_, bytes_);
}

void Reserve::release_if_full() {
  constexpr std::int64_t kToOpen = 2 * 1024 * 1024;
  if (!path_.empty() && !has_free(path_, kToOpen)) release();
}

void Reserve::release() {
  if (path_.empty()) return;
  if (truncate(path_.c_str(), 0) != 0) unlink(path_.c_str());
}

}  // namespace holdfast::cache
