#include "cache/replica/reader_pool.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "cache/sqlite/transaction.h"
#include "cache/sqlite/writer.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

class ReaderPoolTest : public ::testing::Test {
 protected:
  ReaderPoolTest() {
    auto database = std::make_unique<Database>(path_, OpenMode::kReadWrite);
    database->execute("CREATE TABLE t(n INTEGER)");
    writer_ = std::make_unique<Writer>(std::move(database));
    writer_->after_commit([this] { pool_.renew(); });
  }

  void add() {
    writer_->run(Writer::Priority::kClient, [](Transaction& transaction) {
      transaction.database().execute("INSERT INTO t VALUES(1)");
    });
  }
  static std::int64_t count(const ReaderLease& reader) {
    Statement& statement = reader->cached("SELECT count(*) FROM t");
    statement.step();
    const auto rows = statement.integer(0);
    statement.reset();
    return rows;
  }
  // Whether the whole log could be written back: nobody reads an older state.
  bool log_is_free() const {
    Database database(path_, OpenMode::kReadWrite);
    Statement statement(database, "PRAGMA wal_checkpoint(TRUNCATE)");
    return statement.step() && statement.integer(0) == 0;
  }

  support::TempDir dir_;
  const std::string path_ = (dir_.path() / "a.db").string();
  ReaderPool pool_{path_};
  std::unique_ptr<Writer> writer_;
};

TEST_F(ReaderPoolTest, WhoeverWasToldOfACommitReadsIt) {
  for (std::int64_t rows = 0; rows < 3; ++rows) {
    EXPECT_EQ(count(pool_.lend_snapshot()), rows);
    EXPECT_EQ(count(pool_.lend_snapshot()), rows);
    add();
  }
}

TEST_F(ReaderPoolTest, ASnapshotStaysWhatItIs) {
  {
    const auto reader = pool_.lend_snapshot();
    EXPECT_EQ(count(reader), 0);
    add();
    EXPECT_EQ(count(reader), 0);
    EXPECT_EQ(count(pool_.lend_snapshot()), 1) << "another one is as of now";
  }
  EXPECT_EQ(count(pool_.lend_snapshot()), 1) << "it came back after the commit";
}

TEST_F(ReaderPoolTest, AnIdleSnapshotDoesNotHoldTheLog) {
  EXPECT_EQ(count(pool_.lend_snapshot()), 0);
  add();
  EXPECT_TRUE(log_is_free());
}

// Hard case 24. Each snapshot is kept until the next commit, so that the log is always read.
TEST_F(ReaderPoolTest, ReadersWithoutAPauseDoNotKeepTheLogFromBeginningAnew) {
  const std::string text(100'000, 'x');
  for (int i = 0; i < 400; ++i) {
    writer_->run(Writer::Priority::kClient, [&text](Transaction& transaction) {
      Statement& write = transaction.database().cached("INSERT INTO t VALUES(?1)");
      write.bind(1, std::string_view(text)).run();
    });
    EXPECT_EQ(count(pool_.lend_snapshot()), i + 1);
  }
  // A log that holds all of it would be 40 MB.
  EXPECT_LT(std::filesystem::file_size(path_ + "-wal"), 25'000'000U);
}

TEST_F(ReaderPoolTest, WithoutASnapshotEachStatementIsAsOfNow) {
  EXPECT_EQ(count(pool_.lend_snapshot()), 0);
  const auto reader = pool_.lend();
  EXPECT_FALSE(reader->in_transaction());
  EXPECT_EQ(count(reader), 0);
  add();
  EXPECT_EQ(count(reader), 1);
}

}  // namespace
}  // namespace holdfast::cache
