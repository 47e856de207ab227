#pragma once

#include <gtest/gtest.h>

#include <condition_variable>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>

#include "cache/sqlite/writer.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {

// Lets one job wait inside the writer until the test has queued what it wants to.
class Gate {
 public:
  void open() {
    std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }
  void pass() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.notify_all();
    changed_.wait(lock, [&] { return open_; });
  }
  void wait_until_reached() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reached_; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool open_ = false;
  bool reached_ = false;
};

class WriterTest : public ::testing::Test {
 protected:
  WriterTest() {
    auto database = std::make_unique<Database>(path(), OpenMode::kReadWrite);
    database->execute("CREATE TABLE t(a)");
    raw_ = database.get();
    writer_ = std::make_unique<Writer>(std::move(database));
  }

  std::string path() const { return (dir_.path() / "test.db").string(); }
  std::filesystem::path reserve() const { return dir_.path() / "reserve"; }

  // Occupies the writer until `gate` opens.
  void occupy(Gate& gate) {
    writer_->submit(
        Writer::Priority::kClient, [&gate](Transaction&) { gate.pass(); }, nullptr);
    gate.wait_until_reached();
  }

  static Writer::Job insert(std::int64_t value) {
    return [value](Transaction& transaction) {
      Statement& statement = transaction.database().cached("INSERT INTO t VALUES(?1)");
      statement.bind(1, value).run();
    };
  }

  // What another connection sees: only what is committed.
  std::string committed() {
    Database reader(path(), OpenMode::kReadOnly);
    Statement statement(reader, "SELECT coalesce(group_concat(a), '') FROM t");
    statement.step();
    return std::string(statement.text(0));
  }

  support::TempDir dir_;
  Database* raw_ = nullptr;
  std::unique_ptr<Writer> writer_;
};

}  // namespace holdfast::cache
