#include "queue/journal.h"

#include <gmock/gmock.h>

#include "queue/arbiter.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

// Hard case 25.
class JournalTest : public QueueTest {
 protected:
  JournalTest() { journal_.attach(sample_.store()); }

  JournalCheck verify(const std::optional<JournalHead>& known = std::nullopt) {
    auto reader = sample_.store().reader();
    return journal_.verify(*reader, known);
  }
  JournalHead head() {
    auto reader = sample_.store().reader();
    return Journal::head(*reader);
  }
  // As somebody does who has the file and not the key.
  void tamper(const std::string& sql) {
    sample_.store().writer().before_commit({});
    sample_.write([&](cache::Transaction& transaction) { transaction.database().execute(sql); });
  }
  // An entry that is created, sent, refused, retried and applied, and one that is discarded.
  void work() {
    const auto first = insert("todos", R"({"id":1,"title":"a"})");
    answer(400, error("23514"));
    drain();
    sample_.write([&](cache::Transaction& transaction) {
      outbox().retry(transaction, entry_in(transaction, first));
    });
    answer(201, "[" + todo(1, "a") + "]");
    drain();
    const auto second = insert("todos", R"({"id":2,"title":"b"})");
    sample_.write([&](cache::Transaction& transaction) {
      outbox().discard(transaction, entry_in(transaction, second), clock_.now());
    });
  }
  Entry entry_in(cache::Transaction& transaction, std::int64_t sequence) {
    for (const auto& known : outbox().list(transaction.database(), std::nullopt, {})) {
      if (known.sequence == sequence) return known;
    }
    throw std::logic_error("no such entry");
  }

  Journal journal_{"a secret of a test", clock_};
};

TEST_F(JournalTest, EveryChangeOfStateIsARecordOfTheSameTransaction) {
  work();
  const auto check = verify();
  EXPECT_TRUE(check.faults.empty()) << check.faults.at(0).what;
  // created, sending, dead, queued, sending, acknowledged; created, discarded
  EXPECT_EQ(check.records, 8);
  EXPECT_EQ(check.head.number, 8);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_journal WHERE mac IS NULL"), 0);
}

TEST_F(JournalTest, WhatIsTakenBackLeavesNoRecord) {
  EXPECT_THROW(sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute(
        "INSERT INTO hf_outbox(id, relation, operation, method, target, headers, body, role,"
        " claims, idempotency_key, created_at, state)"
        " VALUES('x', '', '', '', '', '', '', '', '', 'k', 0, 'queued')");
    throw std::runtime_error("the job fails");
  }),
               std::runtime_error);
  work();
  EXPECT_TRUE(verify().faults.empty());
  EXPECT_EQ(verify().records, 8);
}

// Group commit and an edit (a change of body and of state) put several records into one
// transaction.
TEST_F(JournalTest, RecordsOfOneTransactionAreSealedEachWithItsOwnContent) {
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute(
        "INSERT INTO hf_outbox(id, relation, operation, method, target, headers, body, role,"
        " claims, idempotency_key, created_at, state)"
        " VALUES('x', '', '', '', '', '', '', '', '', 'k', 0, 'queued');"
        "UPDATE hf_outbox SET state='dead', ended_at=1 WHERE id='x'");
  });
  const auto check = verify();
  EXPECT_TRUE(check.faults.empty()) << check.faults.at(0).what;
  EXPECT_EQ(check.records, 2);
}

TEST_F(JournalTest, AnAlteredRecordIsFound) {
  work();
  tamper("UPDATE hf_journal SET became='acknowledged' WHERE number=3");
  ASSERT_FALSE(verify().faults.empty());
  EXPECT_EQ(verify().faults.at(0).number, 3);
}

TEST_F(JournalTest, AnAlteredMomentIsFound) {
  work();
  tamper("UPDATE hf_journal SET at=at+1 WHERE number=8");
  ASSERT_EQ(verify().faults.size(), 1U);
  EXPECT_EQ(verify().faults.at(0).number, 8);
}

TEST_F(JournalTest, AMissingRecordIsFound) {
  work();
  tamper("DELETE FROM hf_journal WHERE number=4");
  ASSERT_FALSE(verify().faults.empty());
  EXPECT_THAT(verify().faults.at(0).what, HasSubstr("missing"));
}

TEST_F(JournalTest, RecordsInAnotherOrderAreFound) {
  work();
  tamper(
      "UPDATE hf_journal SET number=100 WHERE number=3;"
      "UPDATE hf_journal SET number=3 WHERE number=4;"
      "UPDATE hf_journal SET number=4 WHERE number=100");
  EXPECT_FALSE(verify().faults.empty());
}

// Without the head that is kept elsewhere a shorter journal is a right one.
TEST_F(JournalTest, AMissingEndIsFoundByTheHeadThatIsKeptElsewhere) {
  work();
  const auto known = head();
  EXPECT_TRUE(verify(known).faults.empty());
  tamper(
      "DELETE FROM hf_journal WHERE number>6; DELETE FROM hf_outbox WHERE sequence=2;"
      "DELETE FROM hf_journal WHERE number>6");
  EXPECT_FALSE(verify(known).faults.empty());
}

TEST_F(JournalTest, AnAlteredEntryIsFound) {
  insert("todos", R"({"id":1,"title":"a"})");
  tamper("DROP TRIGGER hf_journal_changed");
  tamper("UPDATE hf_outbox SET body='{\"id\":1,\"title\":\"forged\"}'");
  ASSERT_EQ(verify().faults.size(), 1U);
  EXPECT_THAT(verify().faults.at(0).what, HasSubstr("altered"));
}

TEST_F(JournalTest, WhateverDecidesAboutAnEntryIsPartOfItsContent) {
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"b"})");
  for (const char* forged :
       {"UPDATE hf_outbox SET operation='delete'", "UPDATE hf_outbox SET relation='public.lists'",
        "UPDATE hf_outbox SET created_at=created_at+1", "UPDATE hf_outbox SET write_claims='{}'",
        "UPDATE hf_effects SET relation='public.lists'"}) {
    EXPECT_TRUE(verify().faults.empty());
    sample_.write([&](cache::Transaction& transaction) {
      transaction.database().execute("SAVEPOINT forged");
      transaction.database().execute(forged);
      const auto faults = journal_.verify(transaction.database(), std::nullopt).faults;
      EXPECT_EQ(faults.size(), 1U) << forged;
      transaction.database().execute("ROLLBACK TO forged; RELEASE forged");
    });
  }
  tamper("DROP TRIGGER hf_journal_effect");
  tamper("UPDATE hf_effects SET changes='{\"title\":\"forged\"}'");
  ASSERT_EQ(verify().faults.size(), 1U);
  EXPECT_THAT(verify().faults.at(0).what, HasSubstr("altered"));
}

TEST_F(JournalTest, AConflictWhoseSidesWereAlteredOrThatIsGoneIsFound) {
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"ours"})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  EXPECT_TRUE(verify().faults.empty());
  tamper("UPDATE hf_conflicts SET local=NULL");
  ASSERT_EQ(verify().faults.size(), 1U);
  EXPECT_THAT(verify().faults.at(0).what, HasSubstr("was altered"));
  tamper("DELETE FROM hf_conflicts");
  ASSERT_EQ(verify().faults.size(), 1U);
  EXPECT_THAT(verify().faults.at(0).what, HasSubstr("is gone"));
}

TEST_F(JournalTest, AnEntryThatWasTakenAwayIsFound) {
  insert("todos", R"({"id":1,"title":"a"})");
  EXPECT_TRUE(verify().faults.empty());
  tamper("DROP TRIGGER hf_journal_forgotten");
  tamper("DELETE FROM hf_outbox");
  ASSERT_EQ(verify().faults.size(), 1U);
  EXPECT_THAT(verify().faults.at(0).what, HasSubstr("is gone"));
}

TEST_F(JournalTest, AnotherKeyProvesNothing) {
  work();
  auto reader = sample_.store().reader();
  EXPECT_FALSE(Journal("another secret", clock_).verify(*reader, std::nullopt).faults.empty());
}

TEST_F(JournalTest, WhatIsCutOffIsSealedIntoASegment) {
  work();
  clock_.advance(1h);
  insert("todos", R"({"id":3,"title":"c"})");
  std::int64_t cut = 0;
  sample_.write([&](cache::Transaction& transaction) {
    cut = journal_.cut(transaction, clock_.now() - 30min);
  });
  EXPECT_EQ(cut, 8);
  EXPECT_TRUE(verify().faults.empty());
  EXPECT_EQ(verify().head.number, 9);
  insert("todos", R"({"id":4,"title":"d"})");
  EXPECT_TRUE(verify().faults.empty());
  tamper("UPDATE hf_journal_segments SET count=count-1, last=last-1");
  EXPECT_FALSE(verify().faults.empty());
}

TEST_F(JournalTest, AConflictAndItsDecisionAreRecords) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"ours"})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_journal WHERE event='conflict'"), 1);
  sample_.write([&](cache::Transaction& transaction) {
    Outbox box = outbox();
    const auto conflict = Conflicts::list(transaction.database(), std::nullopt).at(0);
    ASSERT_TRUE(Arbiter(box, tables_)
                    .resolve(transaction, conflict, Arbiter::Choice::kRemote, "", clock_.now()));
  });
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_journal WHERE event='decided'"), 1);
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"theirs"})");
  EXPECT_TRUE(verify().faults.empty());
}

}  // namespace
}  // namespace holdfast::queue
