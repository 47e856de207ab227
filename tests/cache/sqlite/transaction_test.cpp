#include "cache/sqlite/transaction.h"

#include <gtest/gtest.h>

#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

class TransactionTest : public ::testing::Test {
 protected:
  TransactionTest() { database_.execute("CREATE TABLE t(a)"); }

  std::int64_t rows() {
    Statement statement(database_, "SELECT count(*) FROM t");
    statement.step();
    return statement.integer(0);
  }

  support::TempDir dir_;
  Database database_{(dir_.path() / "test.db").string(), OpenMode::kReadWrite};
};

TEST_F(TransactionTest, WhatIsNotCommittedIsTakenBack) {
  {
    Transaction transaction(database_);
    database_.execute("INSERT INTO t VALUES(1)");
  }
  EXPECT_EQ(rows(), 0);
  EXPECT_FALSE(database_.in_transaction());
}

TEST_F(TransactionTest, ASavepointTakesBackItsOwnChangesOnly) {
  Transaction transaction(database_);
  database_.execute("INSERT INTO t VALUES(1)");
  {
    Savepoint kept(transaction);
    database_.execute("INSERT INTO t VALUES(2)");
    {
      Savepoint lost(transaction);
      database_.execute("INSERT INTO t VALUES(3), (4)");
    }
    kept.release();
  }
  transaction.commit();
  EXPECT_EQ(rows(), 2);
}

TEST_F(TransactionTest, AnOpenReadDoesNotHinderTheRollback) {
  database_.execute("INSERT INTO t VALUES(1), (2)");
  Statement open(database_, "SELECT a FROM t");
  {
    Transaction transaction(database_);
    Savepoint savepoint(transaction);
    database_.execute("INSERT INTO t VALUES(3)");
    ASSERT_TRUE(open.step());
  }
  open.reset();
  EXPECT_EQ(rows(), 2);
}

}  // namespace
}  // namespace holdfast::cache
