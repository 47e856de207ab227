#include "cache/sqlite/database.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cache/sqlite/time_limit.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

class DatabaseTest : public ::testing::Test {
 protected:
  std::string path() const { return (dir_.path() / "test.db").string(); }

  support::TempDir dir_;
  Database database_{path(), OpenMode::kReadWrite};
};

std::int64_t number(Database& database, std::string_view sql) {
  Statement statement(database, sql);
  statement.step();
  return statement.integer(0);
}

TEST_F(DatabaseTest, AStatementThatRunsTooLongEndsAndTheNextOneRuns) {
  constexpr const char* kEndless =
      "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n";
  {
    const TimeLimit limit(database_, std::chrono::milliseconds(1));
    try {
      number(database_, kEndless);
      ADD_FAILURE() << "it came to an end";
    } catch (const SqliteError& error) {
      EXPECT_TRUE(error.interrupted());
    }
  }
  EXPECT_EQ(number(database_, "SELECT 7"), 7);
}

TEST_F(DatabaseTest, AWriterSurvivesPowerLoss) {
  Statement journal(database_, "PRAGMA journal_mode");
  journal.step();
  EXPECT_EQ(journal.text(0), "wal");
  EXPECT_EQ(number(database_, "PRAGMA synchronous"), 2);  // FULL: NORMAL may lose commits
}

#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
// Kilobytes, of a line of /proc/self/status.
std::int64_t memory(std::string_view line) {
  std::ifstream status("/proc/self/status");
  for (std::string name; status >> name;) {
    std::int64_t kilobytes = 0;
    if (name == line && status >> kilobytes) return kilobytes;
  }
  return 0;
}

TEST_F(DatabaseTest, AnIndexOfManyRowsIsNotSortedInMemory) {
  database_.execute(
      "CREATE TABLE t(a);"
      "INSERT INTO t WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i+1 FROM n LIMIT 100000)"
      " SELECT hex(randomblob(200)) FROM n");
  std::ofstream("/proc/self/clear_refs") << 5;  // the peak begins anew
  const std::int64_t before = memory("VmHWM:");
  ASSERT_LT(before, memory("VmRSS:") + 1024);
  database_.execute("CREATE INDEX t_a ON t(a)");
  EXPECT_LT(memory("VmHWM:") - before, 20 * 1024);  // of 40 MB
}
#endif

TEST_F(DatabaseTest, ItsFilesAreTheirOwnersAlone) {
  database_.execute("CREATE TABLE t(a)");
  for (const char* end : {"", "-wal", "-shm"}) {
    const auto mode = std::filesystem::status(path() + end).permissions();
    EXPECT_EQ(mode, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write)
        << end;
  }
}

TEST_F(DatabaseTest, AReaderCannotWrite) {
  database_.execute("CREATE TABLE t(a)");
  Database reader(path(), OpenMode::kReadOnly);
  EXPECT_THROW(reader.execute("INSERT INTO t VALUES(1)"), SqliteError);
  EXPECT_EQ(number(reader, "SELECT count(*) FROM t"), 0);
}

TEST_F(DatabaseTest, AReaderOfAMissingFileIsAFault) {
  EXPECT_THROW(Database((dir_.path() / "none.db").string(), OpenMode::kReadOnly), SqliteError);
}

TEST_F(DatabaseTest, ATableThatAnotherConnectionMakesIsThere) {
  Database reader(path(), OpenMode::kReadOnly);
  EXPECT_FALSE(reader.has_table("t"));
  database_.execute("CREATE TABLE t(a); CREATE VIEW v AS SELECT 1");
  EXPECT_TRUE(database_.has_table("t"));
  EXPECT_TRUE(reader.has_table("t"));
  EXPECT_FALSE(reader.has_table("v"));
  database_.execute("DROP TABLE t");
  EXPECT_FALSE(reader.has_table("t"));
}

TEST_F(DatabaseTest, AMisspeltColumnIsAFaultAndNotAText) {
  database_.execute("CREATE TABLE t(a)");
  EXPECT_THROW(Statement(database_, "SELECT \"b\" FROM t"), SqliteError);
}

TEST_F(DatabaseTest, ADamagedFileIsToldFromOtherFaults) {
  const std::string other = (dir_.path() / "other.db").string();
  std::ofstream(other) << std::string(4096, 'x');
  try {
    Database damaged(other, OpenMode::kReadWrite);
    FAIL() << "a text file was opened";
  } catch (const SqliteError& error) {
    EXPECT_TRUE(error.corrupt());
    EXPECT_FALSE(error.disk_full());
  }
}

TEST_F(DatabaseTest, ValuesComeBackAsTheyWereBound) {
  Statement statement(database_, "SELECT ?1, ?2, ?3, ?4, ?5, ?6");
  statement.bind(1, Null{}).bind(2, std::int64_t{-7}).bind(3, 0.5);
  statement.bind(4, std::string_view("it's")).bind(5, std::string_view());
  statement.bind(6, std::string_view("a\0b", 3));
  ASSERT_TRUE(statement.step());
  EXPECT_TRUE(statement.is_null(0));
  EXPECT_EQ(own(statement.column(1)), Value(std::int64_t{-7}));
  EXPECT_EQ(own(statement.column(2)), Value(0.5));
  EXPECT_EQ(own(statement.column(3)), Value(std::string("it's")));
  // An empty text is not NULL.
  EXPECT_EQ(own(statement.column(4)), Value(std::string()));
  EXPECT_EQ(own(statement.column(5)), Value(std::string("a\0b", 3)));
}

TEST_F(DatabaseTest, ACachedStatementComesWithoutTheLastCallersValues) {
  Statement& first = database_.cached("SELECT ?1");
  first.bind(1, std::int64_t{1});
  ASSERT_TRUE(first.step());
  Statement& second = database_.cached("SELECT ?1");
  EXPECT_EQ(&first, &second);
  ASSERT_TRUE(second.step());
  EXPECT_TRUE(second.is_null(0));
}

TEST_F(DatabaseTest, TheStatementCacheIsBoundedAndKeepsWhatIsUsed) {
  Statement* kept = &database_.cached("SELECT 'kept'");
  for (std::size_t i = 0; i < 2 * Database::kCachedStatements; ++i) {
    database_.cached("SELECT " + std::to_string(i));
    EXPECT_EQ(&database_.cached("SELECT 'kept'"), kept);
  }
}

}  // namespace
}  // namespace holdfast::cache
