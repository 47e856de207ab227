#include "cache/sqlite/checkpointer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <future>
#include <thread>

#include "cache/sqlite/writer.h"
#include "tests/cache/sqlite/crashing_vfs.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;

class CheckpointerTest : public ::testing::Test {
 protected:
  void open() {
    auto database = std::make_unique<Database>(path_, OpenMode::kReadWrite);
    database->execute("CREATE TABLE t(a)");
    writer_ = std::make_unique<Writer>(std::move(database));
  }
  // About 25 pages of log.
  void write() {
    writer_->run(Priority::kClient, [this](Transaction& transaction) {
      writing_ = std::this_thread::get_id();
      Statement& statement = transaction.database().cached("INSERT INTO t VALUES(?1)");
      statement.bind(1, std::string_view(text_)).run();
    });
    ++written_;
  }
  std::uintmax_t log_size() const { return std::filesystem::file_size(path_ + "-wal"); }
  std::int64_t rows() const {
    Database reader(path_, OpenMode::kReadOnly);
    Statement statement(reader, "SELECT count(*) FROM t WHERE length(a)=100000");
    statement.step();
    return statement.integer(0);
  }

  static constexpr std::uintmax_t kPageInLog = 4096 + 24;

  const std::string text_ = std::string(100'000, 'x');
  support::TempDir dir_;
  const std::string path_ = (dir_.path() / "a.db").string();
  CrashingVfs vfs_;
  std::atomic<std::thread::id> writing_;
  std::int64_t written_ = 0;
  std::unique_ptr<Writer> writer_;
};

// Hard case 24: checkpoints on their own connection.
TEST_F(CheckpointerTest, NoWriteWaitsForACheckpoint) {
  std::promise<void> began;
  std::promise<void> may_end;
  std::atomic<bool> first = true;
  vfs_.on_write([&](const std::string& path) {
    // The log is copied: what a write itself does ends before its `done`.
    if (path != path_ || writing_.load() == std::thread::id()) return;
    if (!first.exchange(false)) return;
    EXPECT_NE(std::this_thread::get_id(), writing_.load());
    began.set_value();
    if (std::this_thread::get_id() != writing_.load()) may_end.get_future().wait();
  });
  open();
  while (static_cast<int>(log_size() / kPageInLog) < Checkpointer::kPages) write();
  began.get_future().wait();
  while (static_cast<int>(log_size() / kPageInLog) < 2 * Checkpointer::kPages) write();
  may_end.set_value();
  EXPECT_EQ(rows(), written_);
  writer_.reset();
  EXPECT_EQ(rows(), written_);
}

TEST_F(CheckpointerTest, TheLogBeginsAnewThoughWritesGoOnWithoutAPause) {
  open();
  for (int i = 0; i < 600; ++i) write();
  const auto longest = static_cast<std::uintmax_t>(Checkpointer::kLongestLog) + 100;
  EXPECT_LE(log_size(), longest * kPageInLog) << "all that was written would be 15,000 pages";
  EXPECT_EQ(rows(), written_);
}

TEST_F(CheckpointerTest, AFaultOfACheckpointLosesNothingAndIsTriedAgain) {
  std::atomic<int> copied = 0;
  std::atomic<bool> faulty = true;
  vfs_.on_write([&](const std::string& path) {
    if (path != path_ || writing_.load() == std::thread::id()) return;
    if (copied++ == 0 && faulty) vfs_.fail_at(1);
  });
  open();
  for (int i = 0; i < 300; ++i) write();
  EXPECT_GT(copied, 1);
  EXPECT_EQ(rows(), written_);
  writer_.reset();
  EXPECT_EQ(rows(), written_);
}

}  // namespace
}  // namespace holdfast::cache
