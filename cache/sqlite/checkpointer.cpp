#include "cache/sqlite/checkpointer.h"

#include <sqlite3.h>
#include <system_error>

#include <memory>

namespace holdfast::cache {
namespace {

int note_pages(void* pages, sqlite3*, const char*, int in_log) {
  *static_cast<int*>(pages) = in_log;
  return SQLITE_OK;
}

// What cannot be copied now is safe in the log.
void copy_log(Database& database) {
  sqlite3_wal_checkpoint_v2(database.handle(), "main", SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
}

}  // namespace

Checkpointer::Checkpointer(Database& writing) : writing_(writing), path_(writing.path()) {
  // SQLite's own checkpoints are such a hook, too, which this one takes the place of.
  sqlite3_wal_hook(writing.handle(), note_pages, &log_pages_);
}

Checkpointer::~Checkpointer() {
  sqlite3_wal_hook(writing_.handle(), nullptr, nullptr);
  if (!thread_.joinable()) return;
  {
    MutexLock lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

bool Checkpointer::look() {
  const bool began_anew = log_pages_ < looked_at_;
  if (began_anew) looked_at_ = 0;
  const bool too_long = log_pages_ >= kLongestLog;
  const bool just_too_long = too_long && looked_at_ < kLongestLog;
  if (!just_too_long && log_pages_ - looked_at_ < kPages) return false;
  looked_at_ = log_pages_;
  if (too_long) {
    finish();
  } else {
    ask();
  }
  return too_long;
}

void Checkpointer::ask() {
  {
    MutexLock lock(mutex_);
    asked_ = true;
  }
  changed_.notify_all();
  if (thread_.joinable()) return;
  try {
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error&) {
    // No thread is to be had now: the next one asks again, and the writing connection copies at the
    // latest.
  }
}

void Checkpointer::finish() {
  MutexLock turn(turn_);
  copy_log(writing_);
}

void Checkpointer::run() {
  std::unique_ptr<Database> own;
  while (wait_until_asked()) {
    try {
      if (!own) own = std::make_unique<Database>(path_, OpenMode::kReadWrite);
    } catch (const SqliteError&) {
      continue;  // the writing connection copies at the latest
    }
    MutexLock turn(turn_);
    copy_log(*own);
  }
}

bool Checkpointer::wait_until_asked() {
  MutexLock lock(mutex_);
  while (!asked_ && !stopping_) changed_.wait(mutex_);
  asked_ = false;
  return !stopping_;
}

}  // namespace holdfast::cache
