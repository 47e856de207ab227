#include "tests/cache/sqlite/crashing_vfs.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <new>

namespace holdfast::cache {
namespace {

using Fate = CrashingVfs::Fate;

// Lies before the real VFS's own file, in one block.
struct File {
  sqlite3_file base;
  CrashingVfs* vfs;
  std::string* path;  // nullptr: a temporary file, which nobody misses

  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

File& file_of(sqlite3_file* file) { return *reinterpret_cast<File*>(file); }
sqlite3_file* real_of(sqlite3_file* file) { return file_of(file).real(); }

int close_file(sqlite3_file* file) {
  File& own = file_of(file);
  const int code = own.real()->pMethods->xClose(own.real());
  delete own.path;
  return code;
}

int write_file(sqlite3_file* file, const void* bytes, int size, sqlite3_int64 offset) {
  File& own = file_of(file);
  const auto& methods = *own.real()->pMethods;
  if (own.path == nullptr) return methods.xWrite(own.real(), bytes, size, offset);
  own.vfs->visit(*own.path);
  const Fate fate = own.vfs->next_fate();
  if (fate == Fate::kFails) return SQLITE_FULL;
  if (fate == Fate::kTorn) {
    const int eighths = own.vfs->operations() % 7 + 1;
    methods.xWrite(own.real(), bytes, size / 8 * eighths, offset);
  }
  if (fate != Fate::kHappens) return SQLITE_IOERR_WRITE;
  own.vfs->note_write(*own.path, offset, size);
  return methods.xWrite(own.real(), bytes, size, offset);
}

int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
  File& own = file_of(file);
  const auto& methods = *own.real()->pMethods;
  if (own.path == nullptr) return methods.xTruncate(own.real(), size);
  if (own.vfs->next_fate() != Fate::kHappens) return SQLITE_IOERR_TRUNCATE;
  own.vfs->note_truncation(*own.path, size);
  return methods.xTruncate(own.real(), size);
}

int sync_file(sqlite3_file* file, int flags) {
  File& own = file_of(file);
  const auto& methods = *own.real()->pMethods;
  if (own.path == nullptr) return methods.xSync(own.real(), flags);
  if (own.vfs->next_fate() != Fate::kHappens) return SQLITE_IOERR_FSYNC;
  // The machine's own disk need not take part: what counts is that SQLite asked for it.
  own.vfs->note_sync(*own.path);
  return SQLITE_OK;
}

int read_file(sqlite3_file* file, void* bytes, int size, sqlite3_int64 offset) {
  return real_of(file)->pMethods->xRead(real_of(file), bytes, size, offset);
}
int file_size(sqlite3_file* file, sqlite3_int64* size) {
  return real_of(file)->pMethods->xFileSize(real_of(file), size);
}
int lock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xLock(real_of(file), level);
}
int unlock_file(sqlite3_file* file, int level) {
  return real_of(file)->pMethods->xUnlock(real_of(file), level);
}
int check_lock(sqlite3_file* file, int* reserved) {
  return real_of(file)->pMethods->xCheckReservedLock(real_of(file), reserved);
}
int control_file(sqlite3_file* file, int what, void* argument) {
  return real_of(file)->pMethods->xFileControl(real_of(file), what, argument);
}
int sector_size(sqlite3_file* file) { return real_of(file)->pMethods->xSectorSize(real_of(file)); }
int characteristics(sqlite3_file* file) {
  return real_of(file)->pMethods->xDeviceCharacteristics(real_of(file));
}
int map_shared(sqlite3_file* file, int page, int size, int extend, void volatile** memory) {
  return real_of(file)->pMethods->xShmMap(real_of(file), page, size, extend, memory);
}
int lock_shared(sqlite3_file* file, int offset, int count, int flags) {
  return real_of(file)->pMethods->xShmLock(real_of(file), offset, count, flags);
}
void order_shared(sqlite3_file* file) { real_of(file)->pMethods->xShmBarrier(real_of(file)); }
int unmap_shared(sqlite3_file* file, int remove) {
  return real_of(file)->pMethods->xShmUnmap(real_of(file), remove);
}

constexpr sqlite3_io_methods kMethods = {2,
                                         close_file,
                                         read_file,
                                         write_file,
                                         truncate_file,
                                         sync_file,
                                         file_size,
                                         lock_file,
                                         unlock_file,
                                         check_lock,
                                         control_file,
                                         sector_size,
                                         characteristics,
                                         map_shared,
                                         lock_shared,
                                         order_shared,
                                         unmap_shared,
                                         nullptr,
                                         nullptr};

CrashingVfs& own_of(sqlite3_vfs* vfs) { return *static_cast<CrashingVfs*>(vfs->pAppData); }

int open_file(sqlite3_vfs* vfs, const char* name, sqlite3_file* file, int flags, int* out) {
  CrashingVfs& own = own_of(vfs);
  File& made = *new (file) File{{nullptr}, &own, nullptr};
  const int code = own.real().xOpen(&own.real(), name, made.real(), flags, out);
  if (made.real()->pMethods == nullptr) return code;
  if (name != nullptr) made.path = new std::string(name);
  made.base.pMethods = &kMethods;
  return code;
}

int delete_file(sqlite3_vfs* vfs, const char* name, int sync) {
  CrashingVfs& own = own_of(vfs);
  if (own.next_fate() != Fate::kHappens) return SQLITE_IOERR_DELETE;
  own.note_sync(name);
  return own.real().xDelete(&own.real(), name, sync);
}

std::int64_t size_of(const std::string& path) {
  struct stat file {};
  return stat(path.c_str(), &file) == 0 ? static_cast<std::int64_t>(file.st_size) : 0;
}

}  // namespace

CrashingVfs::CrashingVfs() {
  sqlite3_initialize();
  real_ = sqlite3_vfs_find(nullptr);
  shim_ = std::make_unique<sqlite3_vfs>(*real_);
  shim_->zName = "crashing";
  shim_->szOsFile = static_cast<int>(sizeof(File)) + real_->szOsFile;
  shim_->pAppData = this;
  shim_->pNext = nullptr;
  shim_->xOpen = open_file;
  shim_->xDelete = delete_file;
  sqlite3_vfs_register(shim_.get(), 1);
}

CrashingVfs::~CrashingVfs() {
  sqlite3_vfs_unregister(shim_.get());
  sqlite3_vfs_register(real_, 1);
}

void CrashingVfs::crash_at(int operation, Loss loss) { arm(operation, 0, loss); }
void CrashingVfs::fail_at(int operation) { arm(0, operation, Loss::kNothing); }
void CrashingVfs::mend() { arm(0, 0, Loss::kNothing); }

void CrashingVfs::arm(int crash, int failure, Loss loss) {
  std::lock_guard lock(mutex_);
  operations_ = 0;
  crashed_ = false;
  crash_at_ = crash;
  fail_at_ = failure;
  loss_ = loss;
}

CrashingVfs::Fate CrashingVfs::next_fate() {
  std::lock_guard lock(mutex_);
  if (crashed_) return Fate::kGone;
  const int number = ++operations_;
  if (number == fail_at_) return Fate::kFails;
  if (number != crash_at_) return Fate::kHappens;
  crashed_ = true;
  if (loss_ == Loss::kNothing) return Fate::kTorn;
  lose_unsynced();
  return Fate::kGone;
}

void CrashingVfs::note_write(const std::string& path, std::int64_t offset, int size) {
  if (loss_ != Loss::kUnsynced) return;
  Overwritten before{size_of(path), offset, std::string(static_cast<std::size_t>(size), '\0')};
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto got = pread(file, before.bytes.data(), before.bytes.size(), offset);
  close(file);
  before.bytes.resize(static_cast<std::size_t>(std::max<ssize_t>(got, 0)));
  std::lock_guard lock(mutex_);
  unsynced_[path].push_back(std::move(before));
}

void CrashingVfs::note_truncation(const std::string& path, std::int64_t size) {
  const std::int64_t before = size_of(path);
  if (before > size) note_write(path, size, static_cast<int>(before - size));
}

void CrashingVfs::note_sync(const std::string& path) {
  std::lock_guard lock(mutex_);
  unsynced_.erase(path);
}

void CrashingVfs::lose_unsynced() {
  for (auto& [path, writes] : unsynced_) {
    const int file = open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (file < 0) continue;
    std::reverse(writes.begin(), writes.end());
    for (const Overwritten& before : writes) {
      // The file is a test's own; what cannot be put back shows in it.
      (void)!pwrite(file, before.bytes.data(), before.bytes.size(), before.offset);
      (void)!ftruncate(file, before.size);
    }
    close(file);
  }
  unsynced_.clear();
}

}  // namespace holdfast::cache
