#include "cache/sqlite/writer.h"

#include "tests/cache/sqlite/writer_fixture.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;

TEST_F(WriterTest, NoCallerHearsOfItsJobBeforeTheCommit) {
  std::string seen;
  Gate done;
  writer_->submit(Priority::kClient, insert(1), [&](std::exception_ptr error) {
    EXPECT_FALSE(error);
    seen = committed();
    done.open();
  });
  done.pass();
  EXPECT_EQ(seen, "1");
}

TEST_F(WriterTest, JobsThatWaitShareOneCommit) {
  Gate gate;
  occupy(gate);
  std::vector<std::string> seen;
  Gate last;
  for (int i = 1; i <= 3; ++i) {
    writer_->submit(Priority::kClient, insert(i), [&, i](std::exception_ptr) {
      seen.push_back(committed());
      if (i == 3) last.open();
    });
  }
  gate.open();
  last.pass();
  // The first one hears of a commit that holds the others, too.
  EXPECT_EQ(seen, (std::vector<std::string>{"1,2,3", "1,2,3", "1,2,3"}));
}

TEST_F(WriterTest, AJobThatThrowsTakesBackItsOwnChangesOnly) {
  Gate gate;
  occupy(gate);
  std::vector<bool> failed(3);
  Gate last;
  const auto note = [&](std::size_t index) {
    return [&, index](std::exception_ptr error) {
      failed[index] = error != nullptr;
      if (index == 2) last.open();
    };
  };
  writer_->submit(Priority::kClient, insert(1), note(0));
  writer_->submit(
      Priority::kClient,
      [](Transaction& transaction) {
        insert(2)(transaction);
        throw std::runtime_error("no");
      },
      note(1));
  writer_->submit(Priority::kClient, insert(3), note(2));
  gate.open();
  last.pass();
  EXPECT_EQ(committed(), "1,3");
  EXPECT_EQ(failed, (std::vector<bool>{false, true, false}));
}

TEST_F(WriterTest, AJobMayTakeItsChangesBackWithoutAFault) {
  const auto taken_back = [](std::int64_t value) -> Writer::Job {
    return [value](Transaction& transaction) {
      insert(value)(transaction);
      transaction.take_back();
    };
  };
  writer_->run(Priority::kClient, insert(1));
  writer_->run(Priority::kClient, taken_back(2));  // alone in its group
  EXPECT_EQ(committed(), "1");
  Gate gate;
  occupy(gate);
  int done = 0;
  for (const auto& job : {insert(3), taken_back(4), insert(5)}) {
    writer_->submit(Priority::kClient, job, [&](const std::exception_ptr& error) {
      EXPECT_FALSE(error);
      ++done;
    });
  }
  gate.open();
  writer_->run(Priority::kClient, insert(6));
  EXPECT_EQ(committed(), "1,3,5,6");
  EXPECT_EQ(done, 3);
}

TEST_F(WriterTest, AJobThatTakesItsChangesBackAndThrowsTakesNobodyElsesBack) {
  Gate gate;
  occupy(gate);
  writer_->submit(
      Priority::kClient,
      [](Transaction& transaction) {
        transaction.take_back();
        throw std::runtime_error("after all");
      },
      nullptr);
  writer_->submit(Priority::kClient, insert(1), nullptr);
  gate.open();
  writer_->run(Priority::kClient, insert(2));
  EXPECT_EQ(committed(), "1,2");
}

TEST_F(WriterTest, RunThrowsWhatTheJobThrew) {
  EXPECT_THROW(
      writer_->run(Priority::kClient, [](Transaction&) { throw std::invalid_argument("no"); }),
      std::invalid_argument);
}

TEST_F(WriterTest, AFailingCommitIsHeardByAllOfItsGroup) {
  // A deferred foreign key fails only when the transaction ends.
  writer_->run(Priority::kClient, [](Transaction& transaction) {
    transaction.database().execute(
        "CREATE TABLE p(id INTEGER PRIMARY KEY);"
        "CREATE TABLE c(p REFERENCES p DEFERRABLE INITIALLY DEFERRED)");
  });
  raw_->execute("PRAGMA foreign_keys=ON");  // the writer is idle
  Gate gate;
  occupy(gate);
  std::vector<bool> failed(2);
  Gate last;
  writer_->submit(Priority::kClient, insert(1),
                  [&](std::exception_ptr error) { failed[0] = error != nullptr; });
  writer_->submit(
      Priority::kClient,
      [](Transaction& transaction) { transaction.database().execute("INSERT INTO c VALUES(7)"); },
      [&](std::exception_ptr error) {
        failed[1] = error != nullptr;
        last.open();
      });
  gate.open();
  last.pass();
  EXPECT_EQ(failed, (std::vector<bool>{true, true}));
  EXPECT_EQ(committed(), "");
  // The writer goes on.
  writer_->run(Priority::kClient, insert(2));
  EXPECT_EQ(committed(), "2");
}

TEST_F(WriterTest, AFullDiskFailsTheWriteAndLeavesTheWriterAlive) {
  writer_->run(Priority::kClient, insert(1));
  writer_->run(Priority::kClient, [](Transaction& transaction) {
    Statement pages(transaction.database(), "PRAGMA page_count");
    pages.step();
    Statement limit(transaction.database(),
                    "PRAGMA max_page_count=" + std::to_string(pages.integer(0)));
    limit.step();
  });
  bool full = false;
  try {
    writer_->run(Priority::kClient, [](Transaction& transaction) {
      Statement statement(transaction.database(), "INSERT INTO t VALUES(?1)");
      statement.bind(1, std::string_view(std::string(100'000, 'x'))).run();
    });
  } catch (const SqliteError& error) {
    full = error.disk_full();
  }
  EXPECT_TRUE(full);
  EXPECT_EQ(committed(), "1");
  writer_->run(Priority::kClient, insert(2));
  EXPECT_EQ(committed(), "1,2");
}

// Room that can never be kept: more than any disk has.
constexpr std::int64_t kMoreThanAnyDisk = std::int64_t{1} << 60;

bool is_refused_as_full(Writer& writer, Priority priority, const Writer::Job& job) {
  try {
    writer.run(priority, job);
  } catch (const SqliteError& error) {
    return error.disk_full();
  }
  return false;
}

TEST_F(WriterTest, WithoutTheKeptRoomOnlyEssentialJobsRun) {
  writer_.reset();
  Writer writer(std::make_unique<Database>(path(), OpenMode::kReadWrite), kMoreThanAnyDisk);
  EXPECT_TRUE(is_refused_as_full(writer, Priority::kClient, insert(1)));
  EXPECT_TRUE(is_refused_as_full(writer, Priority::kBackground, insert(2)));
  writer.run(Priority::kEssential, insert(3));
  EXPECT_EQ(committed(), "3");
}

TEST_F(WriterTest, AFullDiskGivesUpTheKeptRoomUntilThereIsPlenty) {
  writer_->run(Priority::kClient, insert(1));
  EXPECT_EQ(std::filesystem::file_size(reserve()), Reserve::kBytes);
  const auto full = [](Transaction&) { throw SqliteError::full("full"); };
  EXPECT_TRUE(is_refused_as_full(*writer_, Priority::kClient, full));
  EXPECT_EQ(std::filesystem::file_size(reserve()), 0U);
  writer_->run(Priority::kClient, insert(2));
  EXPECT_EQ(std::filesystem::file_size(reserve()), Reserve::kBytes);
  EXPECT_EQ(committed(), "1,2");
}

TEST(ReserveTest, RoomThatIsGivenUpStaysGivenUpWhileTheDiskIsNearlyFull) {
  support::TempDir dir;
  const auto file = dir.path() / "reserve";
  Reserve small = Reserve::in(dir.path().string(), 4096);
  EXPECT_TRUE(small.keep());
  EXPECT_EQ(std::filesystem::file_size(file), 4096U);
  small.release();
  EXPECT_EQ(std::filesystem::file_size(file), 0U);
  Reserve large = Reserve::in(dir.path().string(), kMoreThanAnyDisk);
  EXPECT_FALSE(large.keep());
  EXPECT_EQ(std::filesystem::file_size(file), 0U);
}

// When SQLite ends the transaction by itself, what the group did before is lost as well.
TEST_F(WriterTest, WhenTheDiskEndsTheTransactionNobodyIsToldSuccess) {
  Gate gate;
  occupy(gate);
  std::vector<bool> failed(3);
  Gate last;
  writer_->submit(Priority::kClient, insert(1),
                  [&](std::exception_ptr error) { failed[0] = error != nullptr; });
  writer_->submit(
      Priority::kClient,
      [](Transaction& transaction) {
        transaction.database().execute("ROLLBACK");  // as SQLite does on SQLITE_FULL
        throw std::runtime_error("full");
      },
      [&](std::exception_ptr error) { failed[1] = error != nullptr; });
  writer_->submit(Priority::kClient, insert(3), [&](std::exception_ptr error) {
    failed[2] = error != nullptr;
    last.open();
  });
  gate.open();
  last.pass();
  EXPECT_EQ(failed, (std::vector<bool>{true, true, true}));
  EXPECT_EQ(committed(), "");
}

TEST_F(WriterTest, ClientsGoBeforeBackgroundJobs) {
  Gate gate;
  occupy(gate);
  for (int i = 1; i <= 3; ++i) writer_->submit(Priority::kBackground, insert(i), nullptr);
  for (int i = 4; i <= 5; ++i) writer_->submit(Priority::kClient, insert(i), nullptr);
  gate.open();
  writer_.reset();
  EXPECT_EQ(committed(), "4,5,1,2,3");
}

// A long pull is many jobs: a client's write waits for one of them at most.
TEST_F(WriterTest, AClientWaitsForAtMostOneBackgroundJob) {
  Gate first;
  writer_->submit(
      Priority::kBackground, [&](Transaction&) { first.pass(); }, nullptr);
  first.wait_until_reached();
  for (int i = 1; i <= 3; ++i) writer_->submit(Priority::kBackground, insert(i), nullptr);
  writer_->submit(Priority::kClient, insert(9), nullptr);
  first.open();
  writer_.reset();
  EXPECT_EQ(committed(), "9,1,2,3");
}

// As when the schema changes while a write is answered: the answer holds the last owner.
TEST_F(WriterTest, TheLastOwnerMayLetGoOnTheWritersOwnThread) {
  auto owner = std::make_shared<std::unique_ptr<Writer>>(std::move(writer_));
  Writer& writer = **owner;
  Gate done;
  Gate dropped;
  writer.submit(Priority::kClient, insert(1), [owner, &done, &dropped](std::exception_ptr) mutable {
    done.pass();
    owner.reset();
    dropped.open();
  });
  done.wait_until_reached();
  owner.reset();
  done.open();
  dropped.pass();
  EXPECT_EQ(committed(), "1");
}

TEST_F(WriterTest, TheEndRunsWhatWasSubmitted) {
  Gate gate;
  occupy(gate);
  for (int i = 1; i <= 300; ++i) writer_->submit(Priority::kClient, insert(1), nullptr);
  gate.open();
  writer_.reset();
  Database reader(path(), OpenMode::kReadOnly);
  Statement statement(reader, "SELECT count(*) FROM t");
  statement.step();
  EXPECT_EQ(statement.integer(0), 300);
}

}  // namespace
}  // namespace holdfast::cache
