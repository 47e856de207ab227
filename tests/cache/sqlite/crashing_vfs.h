#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <vector>

struct sqlite3_vfs;

namespace holdfast::cache {

// While it lives, every database is opened through it, and it can end its world at any write: from
// then on nothing reaches the disk, as when the process is killed or the machine loses its power.
// Databases must be opened and closed within its life. Thread-safe.
class CrashingVfs {
 public:
  enum class Loss {
    kNothing,   // the process is killed: what was written is there
    kUnsynced,  // the power fails: of each file what was written since its last sync is lost
  };

  CrashingVfs();
  ~CrashingVfs();
  CrashingVfs(const CrashingVfs&) = delete;
  CrashingVfs& operator=(const CrashingVfs&) = delete;

  // At the n-th write, sync, truncation or deletion from now; a write is torn, each
  // somewhere else.
  void crash_at(int operation, Loss loss);
  // That one fails, once, as on a full disk.
  void fail_at(int operation);
  // The machine is started again.
  void mend();
  // `visit` is called before each write with the file's path, on the thread that writes, without a
  // lock. Before the first database is opened.
  void on_write(std::function<void(const std::string&)> visit) { visit_ = std::move(visit); }

  // Since the last of the three above.
  int operations() const { return operations_; }
  bool crashed() const { return crashed_; }

  // For the functions that SQLite calls.
  void visit(const std::string& path) {
    if (visit_) visit_(path);
  }
  enum class Fate { kHappens, kFails, kTorn, kGone };
  Fate next_fate();
  void note_write(const std::string& path, std::int64_t offset, int size);
  void note_truncation(const std::string& path, std::int64_t size);
  void note_sync(const std::string& path);
  sqlite3_vfs& real() { return *real_; }

 private:
  // What a file held where it was overwritten.
  struct Overwritten {
    std::int64_t size;  // of the file before
    std::int64_t offset;
    std::string bytes;
  };

  void arm(int crash, int failure, Loss loss);
  void lose_unsynced();

  std::unique_ptr<sqlite3_vfs> shim_;
  sqlite3_vfs* real_;
  std::atomic<int> operations_ = 0;
  std::atomic<bool> crashed_ = false;
  std::function<void(const std::string&)> visit_;
  std::mutex mutex_;
  int crash_at_ = 0;
  int fail_at_ = 0;
  Loss loss_ = Loss::kNothing;
  std::unordered_map<std::string, std::vector<Overwritten>> unsynced_;
};

}  // namespace holdfast::cache
