#include "queue/dependants.h"

#include <gmock/gmock.h>

#include "queue/row_state.h"
#include "tests/cache/replica/sample_catalog.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DependantsTest : public QueueTest {
 protected:
  // The sequence of the entry that is to be sent next; 0 = none.
  std::int64_t claim() {
    std::optional<Entry> claimed;
    sample_.write([&](cache::Transaction& transaction) {
      claimed = outbox().claim(transaction, clock_.now());
    });
    return claimed ? claimed->sequence : 0;
  }
  // Refuses the entry, which is to be sent next.
  void refuse(std::int64_t sequence, const std::string& reason = "23514: no") {
    ASSERT_EQ(claim(), sequence);
    clock_.advance(1s);
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.reject(transaction, entry, 400, reason, clock_.now());
    });
  }
  void acknowledge(std::int64_t sequence) {
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.acknowledge(transaction, entry, {}, clock_.now());
    });
  }
  void retry(std::int64_t sequence) {
    change(sequence, [](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.retry(transaction, entry);
    });
  }
  void discard(std::int64_t sequence) {
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.discard(transaction, entry, clock_.now());
    });
  }
  template <typename Change>
  void change(std::int64_t sequence, const Change& change) {
    const Entry current = entry(sequence);
    sample_.write([&](cache::Transaction& transaction) {
      Outbox box = outbox();
      change(box, transaction, current);
    });
  }
  std::string state_of_row(const std::string& table, int id) {
    return row_state(*sample_.store().reader(), "public." + table, key(id));
  }
};

// The visible rows are the upstream's with what is on its way; a child without its parent is not.
TEST_F(DependantsTest, ARefusedWriteTakesWhatDependsOnItBackUntilItIsRetried) {
  sample_.put("todos", todo(7, "theirs"));
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  const auto renamed = update("todos", 1, R"({"title":"b"})");
  const auto grandchild =
      enqueue({cache::Operation::kInsert, "tags", "", R"({"todo_id":1,"name":"x"})"});
  const auto moved = update("todos", 7, R"({"list_id":1})");
  refuse(parent);
  EXPECT_EQ(sample_.rows("todos", {"id", "list_id"}), R"({"id":7,"list_id":null})");
  EXPECT_EQ(sample_.rows("tags", {"name"}), "");
  EXPECT_EQ(claim(), 0);
  for (const auto each : {child, renamed, grandchild, moved}) {
    expect_state(each, "blocked");
    EXPECT_EQ(entry(each).last_error, std::string(kDependsOnDead) + entry(parent).id);
  }
  EXPECT_EQ(state_of_row("todos", 1), "failed");
  EXPECT_EQ(state_of_row("todos", 7), "failed");

  retry(parent);
  EXPECT_EQ(sample_.rows("todos", {"id", "list_id", "title"}),
            R"({"id":1,"list_id":1,"title":"b"})"
            R"({"id":7,"list_id":1,"title":"theirs"})");
  EXPECT_EQ(sample_.rows("tags", {"name"}), R"({"name":"x"})");
  for (const auto each : {parent, child, renamed, grandchild}) {
    EXPECT_EQ(claim(), each);
    acknowledge(each);
  }
  EXPECT_EQ(claim(), moved);
}

TEST_F(DependantsTest, WhatIsSuspendedComesBackOnceSomebodyMakesTheRow) {
  const auto parent = insert("lists", R"({"id":1,"title":"bad"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  refuse(parent);
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(sample_.rows("todos", {"id"}), "");
  const auto again = insert("lists", R"({"id":1,"title":"good"})");
  EXPECT_EQ(claim(), again);
  acknowledge(again);
  EXPECT_EQ(claim(), child);
  EXPECT_EQ(sample_.rows("todos", {"id"}), R"({"id":1})");
}

// What it is to become in the end is known only once the one before it is decided.
TEST_F(DependantsTest, ASuspendedChangeKeepsItsPlaceBeforeLaterOnesOfARowThatIsThere) {
  sample_.put("todos", todo(7, "a"));
  const auto renamed = update("todos", 7, R"({"title":"b"})");
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto moved = update("todos", 7, R"({"list_id":1})");
  const auto back = update("todos", 7, R"({"list_id":null,"done":true})");
  ASSERT_EQ(claim(), renamed);
  refuse(parent);
  EXPECT_EQ(claim(), 0);
  acknowledge(renamed);
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(entry(back).last_error, "waits for the earlier entry " + entry(moved).id);
  EXPECT_EQ(sample_.rows("todos", {"list_id", "title", "done"}),
            R"({"list_id":null,"title":"b","done":true})");
  // What an own earlier write made of the row meanwhile is no news to it.
  const auto effects = sample_.overlay().effects(*sample_.store().reader(), moved);
  EXPECT_THAT(effects.at(0).base.value_or(""), HasSubstr(R"("title":"b")"));
  retry(parent);
  ASSERT_EQ(claim(), parent);
  acknowledge(parent);
  ASSERT_EQ(claim(), moved);
  acknowledge(moved);
  EXPECT_EQ(claim(), back);
}

// The row was not upstream when they were made, and is when they are let go.
TEST_F(DependantsTest, ASuspendedChangeKnowsTheRowThatAnOwnEarlierInsertHasMadeMeanwhile) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto made = insert("todos", R"({"id":60,"title":"c"})");
  const auto moved = update("todos", 60, R"({"list_id":1})");
  const auto gone = erase("todos", 60);
  refuse(parent);
  ASSERT_EQ(claim(), made);
  acknowledge(made);
  EXPECT_EQ(claim(), 0);
  retry(parent);
  ASSERT_EQ(claim(), parent);
  acknowledge(parent);
  EXPECT_EQ(claim(), moved);
  for (const auto each : {moved, gone}) {
    const auto effects = sample_.overlay().effects(*sample_.store().reader(), each);
    EXPECT_THAT(effects.at(0).base.value_or(""), HasSubstr(R"("title":"c")"));
  }
}

// A row that was deleted and made anew, while another device has changed it: the deletion gives
// way, the new row is refused, and what was meant for it does not change theirs, nor shows on it.
TEST_F(DependantsTest, WhatWasMeantForANewRowDoesNotGoToTheOneThatWasToBeDeleted) {
  sample_.put("todos", todo(1, "old"));
  const auto gone = erase("todos", 1);
  const auto again = insert("todos", R"({"id":1,"title":"new"})");
  const auto done = update("todos", 1, R"({"done":true})");
  ASSERT_EQ(claim(), gone);
  change(gone, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    sample_.overlay().put_base(transaction, sample_.table("todos"), key(1),
                               cache::read_stored(sample_.table("todos"), todo(1, "theirs")));
    outbox.resolve(transaction, entry, "they have changed it", {}, clock_.now());
  });
  refuse(again, "23505: taken");
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(entry(done).last_error, std::string(kDependsOnDead) + entry(again).id);
  EXPECT_EQ(sample_.rows("todos", {"title", "done"}), R"({"title":"theirs","done":false})");
  // Whoever changes it now has seen it, and waits for nobody.
  const auto seen = update("todos", 1, R"({"title":"ours"})");
  EXPECT_EQ(claim(), seen);
}

TEST_F(DependantsTest, WhatChangesARowThatADiscardedWriteWouldHaveMadeIsToldAtOnce) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto change = update("todos", 1, R"({"done":true})");
  const auto label =
      enqueue({cache::Operation::kInsert, "tags", "", R"({"todo_id":1,"name":"x"})"});
  discard(first);
  expect_state(change, "dead");
  EXPECT_THAT(entry(change).last_error, HasSubstr(entry(first).id));
  // The upstream may have the row that this one names.
  EXPECT_EQ(claim(), label);
  EXPECT_EQ(sample_.rows("tags", {"name"}), R"({"name":"x"})");
}

// A person has looked, and it is there.
TEST_F(DependantsTest, WhatChangesARowThatMayHaveArrivedIsSentWhenItsInsertIsDiscarded) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto changed = update("todos", 1, R"({"done":true})");
  ASSERT_EQ(claim(), first);
  change(first, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.doubt(transaction, entry, {0, "nobody knows", std::nullopt});
  });
  discard(first);
  EXPECT_EQ(claim(), changed);
}

TEST_F(DependantsTest, AnIdThatWillNeverBeTheUpstreamsIsNotSentToIt) {
  auto tables = cache::sample::tables();
  tables.push_back(cache::sample::table(
      "tallies", cache::sample::columns({{"id", "integer", false}, {"counter_id", "bigint"}}),
      {0}));
  tables.back().foreign_keys.push_back(cache::sample::reference(
      "tallies_counter_id_fkey", 1, "counters", cache::ReferentialAction::kCascade));
  sample_.reopen(
      std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
  const auto parent = insert_keyless("counters", R"({"name":"a"})");
  const auto child = insert("tallies", R"({"id":1,"counter_id":-1800000001})");
  const auto later = update("tallies", 1, R"({"counter_id":null})");
  refuse(parent);
  EXPECT_EQ(claim(), 0);
  discard(parent);
  expect_state(child, "dead");
  EXPECT_EQ(entry(child).last_status, 424);
  change(child, [](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    EXPECT_FALSE(outbox.retry(transaction, entry));
  });
  expect_state(child, "dead");
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(entry(later).last_error, std::string(kDependsOnDead) + entry(child).id);
}

// A person who gives one's own row up lets its lines go to the other one with the same number.
TEST_F(DependantsTest, ADiscardedDuplicateLetsItsChildrenGoToTheRowThatIsThere) {
  const auto parent = insert("lists", R"({"id":1,"title":"mine"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  refuse(parent, "23505: taken");
  sample_.put("lists", R"({"id":1,"title":"theirs"})");
  EXPECT_EQ(claim(), 0);
  discard(parent);
  EXPECT_EQ(claim(), child);
}

// A dead letter may lie for weeks: what depends on it keeps no other refusal waiting.
TEST_F(DependantsTest, ARefusalDoesNotWaitForWhatDependsOnADeadLetter) {
  const auto refusal = [&](const std::string&) { answer(400, error("P0001", "bad")); };
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  const auto other = insert("lists", R"({"id":2,"title":"m"})");
  for (const char* each : {"lists", "lists", "lists", "lists"}) refusal(each);
  drain();
  expect_state(parent, "dead");
  expect_state(child, "blocked");
  expect_state(other, "dead");
}

// The same where it stands before it in one request, and is not known to depend on it yet.
TEST_F(DependantsTest, ARefusedOneGoesOnWhenTheOneBeforeItTurnsOutToDependOnADeadLetter) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  const auto other = insert("lists", R"({"id":2,"title":"m"})");
  sample_.write([&](cache::Transaction& transaction) {
    ASSERT_TRUE(outbox().claim(transaction, clock_.now()));
    for (Entry each : {entry(child), entry(other)}) outbox().take(transaction, each);
  });
  change(parent, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.reject(transaction, entry, 400, "23514: no", clock_.now());
  });
  change(child, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.give_back(transaction, entry);
  });
  change(other, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.park(transaction, entry, State::kBlocked, 403, "42501: no (tried again after it)");
  });
  EXPECT_EQ(claim(), other);
  expect_state(child, "blocked");
}

}  // namespace
}  // namespace holdfast::queue
