#pragma once

#include <string>
#include <thread>

#include "cache/sqlite/database.h"
#include "gateway/base/mutex.h"

namespace holdfast::cache {

// Copies the write-ahead log of a file back into the file, on a thread and a connection of its own,
// so that no write waits for it: after each kPages of log.
//
// While writes go on without a pause, the log is never copied as a whole by somebody beside them,
// and so would never begin anew: at kLongestLog pages the writing thread copies the rest. Readers
// that hold an older state can make the log longer than that. A fault of the disk leaves the log as
// it is; the next kPages bring the next try.
// One thread at a time: the writing one.
class Checkpointer {
 public:
  static constexpr int kPages = 1000;
  // A little after the thread was asked for the last time: not much is left to be copied then.
  static constexpr int kLongestLog = 2 * kPages + kPages / 10;

  // Takes the checkpoints of `writing` over, which must outlive it. Its thread begins when it is
  // needed for the first time.
  explicit Checkpointer(Database& writing);
  ~Checkpointer();
  Checkpointer(const Checkpointer&) = delete;
  Checkpointer& operator=(const Checkpointer&) = delete;

  // After a commit, when nobody waits for an answer. True when the log has been copied here: it
  // begins anew with the next commit unless somebody still reads it.
  bool look();

 private:
  void ask();
  void finish();
  void run();
  bool wait_until_asked();

  Database& writing_;
  const std::string path_;
  int log_pages_ = 0;  // as the last commit left it
  int looked_at_ = 0;  // its pages when the last checkpoint was begun or asked for

  Mutex turn_;  // held by whoever copies: SQLite lets the second one go without
  Mutex mutex_;
  Condition changed_;
  bool asked_ HF_GUARDED_BY(mutex_) = false;
  bool stopping_ HF_GUARDED_BY(mutex_) = false;
  std::thread thread_;
};

}  // namespace holdfast::cache
