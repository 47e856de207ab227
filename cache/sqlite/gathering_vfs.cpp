#include "cache/sqlite/gathering_vfs.h"

#include <sqlite3.h>

#include <cstring>
#include <memory>
#include <new>

namespace holdfast::cache {
namespace {

// As much as a usual commit, or a piece of a large one.
constexpr sqlite3_int64 kMostGathered = 128 * 1024;
// What the default VFS may want for a file that we do not stand before.
constexpr int kRoomForFile = 1024;
constexpr sqlite3_int64 kNothing = -1;
constexpr int kFrameHeader = 24;  // bytes; sqlite.org/walformat.html

struct FreeFile {
  void operator()(sqlite3_file* file) const { sqlite3_free(file); }
};

// A log. `to_sqlite` comes first: it is what SQLite sees.
struct Log {
  sqlite3_file to_sqlite;
  std::unique_ptr<sqlite3_file, FreeFile> real;
  std::unique_ptr<char[]> gathered;
  sqlite3_int64 from = 0;  // where in the file `gathered` belongs
  sqlite3_int64 size = 0;  // of `gathered`; 0: nothing waits
  // Where what could not be written belongs: until that is written anew, nothing behind it counts.
  sqlite3_int64 lost = kNothing;

  sqlite3_int64 end() const { return from + size; }
  // Also when it fails nothing waits any more: SQLite rolls the transaction back, or, where it was
  // told by a read, the statement alone.
  int flush() {
    if (size == 0) return SQLITE_OK;
    const int count = static_cast<int>(size);
    size = 0;
    const int code = real->pMethods->xWrite(real.get(), gathered.get(), count, from);
    if (code != SQLITE_OK) lost = from;
    return code;
  }
  int write(const void* bytes, int count, sqlite3_int64 offset);
};
static_assert(sizeof(Log) <= kRoomForFile);

int Log::write(const void* bytes, int count, sqlite3_int64 offset) {
  if (lost != kNothing) {
    // Only a frame that is put in its place, or the log begun anew; not the page of one before it.
    const bool replaces = offset <= lost && (count == kFrameHeader || offset == 0);
    if (!replaces) return SQLITE_IOERR_WRITE;
    lost = kNothing;
  }
  if (size != 0 && (offset != end() || size + count > kMostGathered)) {
    if (const int code = flush(); code != SQLITE_OK) return code;
  }
  if (count > kMostGathered) return real->pMethods->xWrite(real.get(), bytes, count, offset);
  if (!gathered) gathered = std::make_unique<char[]>(kMostGathered);
  if (size == 0) from = offset;
  std::memcpy(gathered.get() + size, bytes, static_cast<std::size_t>(count));
  size += count;
  return SQLITE_OK;
}

Log& log_of(sqlite3_file* file) { return *reinterpret_cast<Log*>(file); }

// Calls `method` of the file below, when all that was gathered is there.
template <auto method, typename... Arguments>
int flushed(sqlite3_file* file, Arguments... arguments) {
  Log& log = log_of(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  return (log.real->pMethods->*method)(log.real.get(), arguments...);
}
template <auto method, typename... Arguments>
int direct(sqlite3_file* file, Arguments... arguments) {
  Log& log = log_of(file);
  return (log.real->pMethods->*method)(log.real.get(), arguments...);
}

int close_log(sqlite3_file* file) {
  Log& log = log_of(file);
  log.flush();  // no commit waits here: those were synced
  const int code = log.real->pMethods->xClose(log.real.get());
  log.~Log();
  return code;
}
int read_log(sqlite3_file* file, void* bytes, int count, sqlite3_int64 offset) {
  Log& log = log_of(file);
  const bool waits = offset < log.end() && log.from < offset + count;
  if (const int code = waits ? log.flush() : SQLITE_OK; code != SQLITE_OK) return code;
  return log.real->pMethods->xRead(log.real.get(), bytes, count, offset);
}
int sync_log(sqlite3_file* file, int flags) {
  Log& log = log_of(file);
  if (const int code = log.flush(); code != SQLITE_OK) return code;
  if (log.lost != kNothing) return SQLITE_IOERR_FSYNC;
  return log.real->pMethods->xSync(log.real.get(), flags);
}
int write_log(sqlite3_file* file, const void* bytes, int count, sqlite3_int64 offset) {
  return log_of(file).write(bytes, count, offset);
}

using Methods = sqlite3_io_methods;
// Version 1: a log is neither shared memory nor mapped.
constexpr Methods kLogMethods = {1,
                                 close_log,
                                 read_log,
                                 write_log,
                                 flushed<&Methods::xTruncate>,
                                 sync_log,
                                 flushed<&Methods::xFileSize>,
                                 direct<&Methods::xLock>,
                                 direct<&Methods::xUnlock>,
                                 direct<&Methods::xCheckReservedLock>,
                                 flushed<&Methods::xFileControl>,
                                 direct<&Methods::xSectorSize>,
                                 direct<&Methods::xDeviceCharacteristics>,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr,
                                 nullptr};

// Whichever is the default at the time: tests put theirs there.
sqlite3_vfs& below() { return *sqlite3_vfs_find(nullptr); }

int open_log(const char* name, sqlite3_file* file, int flags, int* out) {
  sqlite3_vfs& vfs = below();
  const auto size = static_cast<sqlite3_uint64>(vfs.szOsFile);
  auto* memory = static_cast<sqlite3_file*>(sqlite3_malloc64(size));
  if (memory == nullptr) return SQLITE_NOMEM;
  std::memset(memory, 0, size);
  Log& log = *new (file) Log{{nullptr}, std::unique_ptr<sqlite3_file, FreeFile>(memory), nullptr};
  const int code = vfs.xOpen(&vfs, name, memory, flags, out);
  if (memory->pMethods == nullptr) {
    log.~Log();
    return code;
  }
  log.to_sqlite.pMethods = &kLogMethods;
  return code;
}

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out) {
  file->pMethods = nullptr;
  if ((flags & SQLITE_OPEN_WAL) != 0) return open_log(name, file, flags, out);
  sqlite3_vfs& vfs = below();
  if (vfs.szOsFile > kRoomForFile) return SQLITE_CANTOPEN;
  return vfs.xOpen(&vfs, name, file, flags, out);
}
int delete_file(sqlite3_vfs*, const char* name, int sync) {
  return below().xDelete(&below(), name, sync);
}
int access_file(sqlite3_vfs*, const char* name, int flags, int* out) {
  return below().xAccess(&below(), name, flags, out);
}
int full_path(sqlite3_vfs*, const char* name, int size, char* out) {
  return below().xFullPathname(&below(), name, size, out);
}

}  // namespace

const char* gathering_vfs() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs made = below();  // the clock, randomness and the like are the default's
    made.zName = "gathering";
    made.szOsFile = kRoomForFile;
    made.pNext = nullptr;
    made.xOpen = open_file;
    made.xDelete = delete_file;
    made.xAccess = access_file;
    made.xFullPathname = full_path;
    return made;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : nullptr;
}

}  // namespace holdfast::cache
