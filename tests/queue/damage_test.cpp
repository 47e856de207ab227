#include "queue/damage.h"

#include <gmock/gmock.h>

#include "queue/journal.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

// A queue whose file was damaged, and has been opened again.
class DamageTest : public QueueTest {
 protected:
  DamageTest() {
    journal_.attach(sample_.store());
    for (int id = 1; id <= 3; ++id) sample_.put("todos", "[" + todo(id, "was") + "]");
  }
  // As a salvage leaves a file: `lost` says what could not be read.
  void salvage(const std::string& lost) {
    sample_.store().writer().before_commit({});
    sample_.write([&](cache::Transaction& transaction) {
      transaction.database().execute(lost);
      Journal::note(transaction, "file", "salvaged");
    });
    journal_.attach(sample_.store());
  }
  std::string shown() { return sample_.rows("todos", {"id", "title"}); }

  Journal journal_{"a secret of a test", clock_};
};

TEST_F(DamageTest, AnUpdateOfWhichAPartIsLostIsNotSentInHalf) {
  const auto damaged =
      enqueue({cache::Operation::kUpdate, "todos", "id=lte.3", R"({"title":"new"})"});
  const auto whole = insert("todos", R"({"id":9,"title":"whole"})");
  salvage(R"(DELETE FROM hf_effects WHERE key='{"id":2}'; DELETE FROM "public.todos" WHERE id<=3)");
  expect_state(damaged, "dead");
  EXPECT_THAT(entry(damaged).last_error, HasSubstr("damaged"));
  EXPECT_THAT(shown(), Not(HasSubstr("new"))) << "nothing of it is promised any more";
  expect_state(whole, "queued");
  sample_.write([&](cache::Transaction& transaction) {
    EXPECT_FALSE(outbox().retry(transaction, entry(damaged)));
  });
  expect_state(damaged, "dead");
}

TEST_F(DamageTest, WhatWasSavedWholeIsSent) {
  const auto several =
      enqueue({cache::Operation::kUpdate, "todos", "id=lte.3", R"({"title":"new"})"});
  const auto deletion = erase("todos", 3);
  salvage("DELETE FROM \"public.todos\"");
  expect_state(several, "queued");
  expect_state(deletion, "queued");
}

TEST_F(DamageTest, WithoutASalvageNobodyLooks) {
  const auto several =
      enqueue({cache::Operation::kUpdate, "todos", "id=lte.3", R"({"title":"new"})"});
  salvage("");
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute("DELETE FROM hf_effects WHERE key='{\"id\":2}'");
  });
  journal_.attach(sample_.store());
  expect_state(several, "queued");
}

}  // namespace
}  // namespace holdfast::queue
