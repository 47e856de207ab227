#include "cache/sqlite/gathering_vfs.h"

#include <gtest/gtest.h>

#include "cache/sqlite/transaction.h"
#include "tests/cache/sqlite/crashing_vfs.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

class GatheringVfsTest : public ::testing::Test {
 protected:
  GatheringVfsTest() {
    vfs_.on_write([this](const std::string& path) { log_writes_ += path.ends_with("-wal"); });
    open();
    database_->execute("CREATE TABLE t(a)");
  }
  void open() {
    database_.reset();
    database_ = std::make_unique<Database>(path_, OpenMode::kReadWrite);
  }
  // Each takes about three pages.
  void insert(int count) {
    for (int i = 0; i < count; ++i) {
      database_->cached("INSERT INTO t VALUES(?1)").bind(1, std::string_view(text_)).run();
    }
  }
  static std::int64_t number(Database& database, const char* sql) {
    Statement statement(database, sql);
    statement.step();
    return statement.integer(0);
  }
  std::int64_t rows() { return number(*database_, kWholeRows); }
  std::int64_t rows_for_others() const {
    Database other(path_, OpenMode::kReadOnly);
    return number(other, kWholeRows);
  }

  static constexpr const char* kWholeRows = "SELECT count(*) FROM t WHERE length(a)=10000";
  const std::string text_ = std::string(10'000, 'x');
  support::TempDir dir_;
  const std::string path_ = (dir_.path() / "a.db").string();
  CrashingVfs vfs_;
  int log_writes_ = 0;
  std::unique_ptr<Database> database_;
};

TEST_F(GatheringVfsTest, ACommitIsOneWriteOfTheLog) {
  for (int commit = 1; commit <= 5; ++commit) {
    log_writes_ = 0;
    Transaction transaction(*database_);
    insert(3);
    transaction.commit();
    EXPECT_EQ(log_writes_, 1);
    EXPECT_EQ(rows_for_others(), 3 * commit);
  }
}

TEST_F(GatheringVfsTest, APieceThatIsTooLargeGoesOutBefore) {
  database_->execute("PRAGMA cache_size=10");
  log_writes_ = 0;
  Transaction transaction(*database_);
  insert(500);
  EXPECT_GT(log_writes_, 10);
  EXPECT_EQ(rows(), 500);
  EXPECT_EQ(rows_for_others(), 0);
  transaction.commit();
  EXPECT_EQ(rows_for_others(), 500);
}

TEST_F(GatheringVfsTest, WhatIsTakenBackIsOverwritten) {
  database_->execute("PRAGMA cache_size=10");
  Transaction transaction(*database_);
  insert(20);
  {
    Savepoint taken_back(transaction);
    insert(200);
  }
  EXPECT_EQ(rows(), 20);
  insert(5);
  transaction.commit();
  open();
  EXPECT_EQ(rows(), 25);
  EXPECT_EQ(number(*database_, "SELECT integrity_check='ok' FROM pragma_integrity_check"), 1);
}

TEST_F(GatheringVfsTest, AFullDiskIsToldBeforeTheCommit) {
  {
    Transaction transaction(*database_);
    insert(3);
    vfs_.fail_at(1);
    try {
      transaction.commit();
      ADD_FAILURE() << "committed";
    } catch (const SqliteError& error) {
      EXPECT_TRUE(error.disk_full()) << error.what();
    }
  }
  EXPECT_EQ(rows(), 0);
  insert(2);
  EXPECT_EQ(rows_for_others(), 2);
}

// Of a statement with a journal of its own SQLite takes back nothing else when the disk is full;
// what waited with it was of others.
TEST_F(GatheringVfsTest, WhatAReadCouldNotWriteIsCommittedByNobody) {
  database_->execute("PRAGMA cache_size=10; CREATE TABLE numbers(a UNIQUE)");
  {
    Transaction transaction(*database_);
    insert(20);
    vfs_.fail_at(1);
    EXPECT_THROW(database_->execute("INSERT INTO numbers SELECT rowid FROM t"), SqliteError);
    ASSERT_TRUE(database_->in_transaction());
    // Its page is in the log already, before what is lost, and is written in its place.
    EXPECT_THROW(
        {
          database_->execute("UPDATE t SET a='short' WHERE rowid=1");
          transaction.commit();
        },
        SqliteError);
  }
  EXPECT_EQ(rows(), 0);
  insert(2);
  EXPECT_EQ(rows_for_others(), 2);
  EXPECT_EQ(number(*database_, "SELECT integrity_check='ok' FROM pragma_integrity_check"), 1);
}

}  // namespace
}  // namespace holdfast::cache
