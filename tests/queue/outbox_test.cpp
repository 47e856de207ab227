#include "queue/outbox.h"

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;

class OutboxTest : public QueueTest {
 protected:
  // The sequence of the entry that is to be sent next; 0 = none.
  std::int64_t claim(Timestamp now = cache::sample::noon()) {
    std::optional<Entry> claimed;
    sample_.write(
        [&](cache::Transaction& transaction) { claimed = outbox().claim(transaction, now); });
    return claimed ? claimed->sequence : 0;
  }
  void postpone(std::int64_t sequence, std::chrono::seconds delay = 30s) {
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.wait(transaction, entry, entry.attempts, {cache::sample::noon() + delay, 0, "away"});
    });
  }
  void acknowledge(std::int64_t sequence) {
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.acknowledge(transaction, entry, {}, clock_.now());
    });
  }
  void reject(std::int64_t sequence) {
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.reject(transaction, entry, 400, "23514: no", clock_.now());
    });
  }
  void park(std::int64_t sequence, State state) {
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
      outbox.park(transaction, entry, state, 0, "parked");
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
};

// Hard case 5.
TEST_F(OutboxTest, EntriesAreSentInTheOrderOfTheirCreation) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("todos", R"({"id":2,"title":"b"})");
  EXPECT_EQ(claim(), first);
  EXPECT_EQ(claim(), second);
  EXPECT_EQ(claim(), 0);
}

TEST_F(OutboxTest, AnUnrelatedEntryOvertakesOneThatBacksOff) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("todos", R"({"id":2,"title":"b"})");
  ASSERT_EQ(claim(), first);
  postpone(first);
  EXPECT_EQ(claim(), second);
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(claim(cache::sample::noon() + 30s), first);
}

TEST_F(OutboxTest, ALaterEntryOfTheSameRowWaits) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = update("todos", 1, R"({"done":true})");
  ASSERT_EQ(claim(), first);
  EXPECT_EQ(claim(), 0) << "while it is being sent";
  postpone(first);
  EXPECT_EQ(claim(), 0) << "while it backs off";
  EXPECT_EQ(state(second), "blocked");
  EXPECT_THAT(entry(second).last_error, ::testing::HasSubstr(entry(first).id));
  acknowledge(first);
  EXPECT_EQ(claim(), second);
}

TEST_F(OutboxTest, AChildWaitsForItsParent) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  ASSERT_EQ(claim(), parent);
  postpone(parent);
  EXPECT_EQ(claim(), 0);
  acknowledge(parent);
  EXPECT_EQ(claim(), child);
}

TEST_F(OutboxTest, AParentsDeletionWaitsForItsChild) {
  sample_.put("lists", R"({"id":1,"title":"l","updated_at":"2026-11-21T00:00:00Z"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  const auto deletion = erase("lists", 1);
  ASSERT_EQ(claim(), child);
  postpone(child);
  EXPECT_EQ(claim(), 0);
  acknowledge(child);
  EXPECT_EQ(claim(), deletion);
}

// Hard case 13: dependencies come from the rows that a deletion takes along, too.
TEST_F(OutboxTest, ANewRowWithTheKeyOfACascadedOneWaits) {
  sample_.put("lists", R"({"id":1,"title":"l","updated_at":"2026-11-21T00:00:00Z"})");
  sample_.put("todos", todo(1, "a", "false", "1"));
  const auto deletion = erase("lists", 1);
  const auto again = insert("todos", R"({"id":1,"title":"again"})");
  ASSERT_EQ(claim(), deletion);
  postpone(deletion);
  EXPECT_EQ(claim(), 0);
  acknowledge(deletion);
  EXPECT_EQ(claim(), again);
}

TEST_F(OutboxTest, WhoNamesEitherKeyOfAChangedKeyWaits) {
  sample_.put("todos", todo(1, "a"));
  const auto move = update("todos", 1, R"({"id":5})");
  const auto at_old = insert("todos", R"({"id":1,"title":"new"})");
  const auto at_new = update("todos", 5, R"({"done":true})");
  ASSERT_EQ(claim(), move);
  postpone(move);
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(state(at_old), "blocked");
  EXPECT_EQ(state(at_new), "blocked");
}

TEST_F(OutboxTest, ADeadLetterBlocksThoseThatNeedItsRow) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  const auto grandchild =
      enqueue({cache::Operation::kInsert, "tags", "", R"({"todo_id":1,"name":"x"})"});
  ASSERT_EQ(claim(), parent);
  reject(parent);
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(state(child), "blocked");
  EXPECT_EQ(entry(child).last_error, "depends on the dead letter " + entry(parent).id);
  EXPECT_EQ(state(grandchild), "blocked");
}

TEST_F(OutboxTest, ADeadLetterBlocksNobodyElse) {
  sample_.put("lists", R"({"id":1,"title":"l","updated_at":"2026-11-21T00:00:00Z"})");
  sample_.put("todos", todo(2, "b"));
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  const auto change = update("todos", 2, R"({"done":true})");
  const auto parent = update("lists", 1, R"({"title":"m"})");
  const auto sibling = insert("todos", R"({"id":3,"list_id":1,"title":"c"})");
  const auto further = update("todos", 2, R"({"title":"c"})");
  ASSERT_EQ(claim(), child);
  reject(child);
  ASSERT_EQ(claim(), change);
  reject(change);
  EXPECT_EQ(claim(), parent) << "a parent does not need its refused child";
  acknowledge(parent);
  EXPECT_EQ(claim(), sibling);
  EXPECT_EQ(claim(), further) << "the row is there, whatever became of an earlier change";
}

TEST_F(OutboxTest, ARowThatWasMadeAgainDoesNotNeedTheDeadOne) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  ASSERT_EQ(claim(), first);
  reject(first);
  const auto again = insert("todos", R"({"id":1,"title":"b"})");
  const auto change = update("todos", 1, R"({"done":true})");
  EXPECT_EQ(claim(), again);
  acknowledge(again);
  EXPECT_EQ(claim(), change);
}

// Under local_wins they would change, or delete, what another device has made at the same key.
TEST_F(OutboxTest, WhatWasMeantForARefusedRowDoesNotGoToSomebodyElses) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto change = update("todos", 1, R"({"done":true})");
  ASSERT_EQ(claim(), first);
  reject(first);
  sample_.put("todos", todo(1, "theirs"));
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(entry(change).last_error, "depends on the dead letter " + entry(first).id);
}

TEST_F(OutboxTest, WhatWasMadeInSightOfSomebodyElsesRowGoesToIt) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  ASSERT_EQ(claim(), first);
  reject(first);
  sample_.put("todos", todo(1, "theirs"));
  const auto change = update("todos", 1, R"({"done":true})");
  EXPECT_EQ(claim(), change);
}

// Two devices that count by themselves: the items of one's order are not the other's.
TEST_F(OutboxTest, AChildOfARefusedRowDoesNotGoToSomebodyElses) {
  const auto parent = insert("lists", R"({"id":1,"title":"mine"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  ASSERT_EQ(claim(), parent);
  change(parent, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.reject(transaction, entry, 409, "23505: taken", clock_.now());
  });
  sample_.put("lists", R"({"id":1,"title":"theirs"})");
  EXPECT_EQ(claim(), 0);
  EXPECT_EQ(entry(child).last_error, "depends on the dead letter " + entry(parent).id);
  // Whoever adds an item now has seen whose list it is.
  clock_.advance(1s);
  const auto later = insert("todos", R"({"id":2,"list_id":1,"title":"b"})");
  EXPECT_EQ(claim(), later);
}

// What the app itself puts right is not to wait for what waits for it.
TEST_F(OutboxTest, ARefusedParentThatIsMadeAgainGoesAndItsChildrenAfterIt) {
  const auto parent = insert("lists", R"({"id":1,"title":"bad"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  ASSERT_EQ(claim(), parent);
  reject(parent);
  ASSERT_EQ(claim(), 0);
  const auto again = insert("lists", R"({"id":1,"title":"good"})");
  EXPECT_EQ(claim(), again);
  acknowledge(again);
  EXPECT_EQ(claim(), child);
}

TEST_F(OutboxTest, ManyBlockedEntriesDoNotHideOneThatMayGo) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  ASSERT_EQ(claim(), parent);
  reject(parent);
  for (int id = 1; id <= 150; ++id) {
    insert("todos", "{\"id\":" + std::to_string(id) + ",\"list_id\":1,\"title\":\"a\"}");
  }
  const auto free = insert("todos", R"({"id":999,"title":"z"})");
  EXPECT_EQ(claim(), free);
}

TEST_F(OutboxTest, ARetriedDeadLetterIsShownAndSentAgainBeforeItsDependants) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  ASSERT_EQ(claim(), parent);
  reject(parent);
  EXPECT_EQ(sample_.rows("lists", {"title"}), "");
  ASSERT_EQ(claim(), 0);
  change(parent, [](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.retry(transaction, entry);
  });
  EXPECT_EQ(sample_.rows("lists", {"title"}), R"({"title":"l"})");
  EXPECT_EQ(claim(), parent);
  acknowledge(parent);
  EXPECT_EQ(claim(), child);
}

TEST_F(OutboxTest, ADiscardedDeadLetterLetsItsDependantsGo) {
  const auto parent = insert("lists", R"({"id":1,"title":"l"})");
  const auto child = insert("todos", R"({"id":1,"list_id":1,"title":"a"})");
  ASSERT_EQ(claim(), parent);
  reject(parent);
  ASSERT_EQ(claim(), 0);
  change(parent, [&](Outbox& outbox, cache::Transaction& transaction, const Entry& entry) {
    outbox.discard(transaction, entry, clock_.now());
  });
  EXPECT_EQ(claim(), child);
}

// Promise 2.
TEST_F(OutboxTest, ACrashWhileSendingIsALostAnswer) {
  const auto sent = insert("todos", R"({"id":1,"title":"a"})");
  const auto waiting = insert("todos", R"({"id":2,"title":"b"})");
  ASSERT_EQ(claim(), sent);
  sample_.reopen();
  EXPECT_EQ(state(sent), "sending");
  EXPECT_EQ(claim(), waiting) << "what may have been sent is not sent blindly";
  postpone(waiting);
  sample_.write(
      [&](cache::Transaction& transaction) { outbox().recover(transaction, clock_.now()); });
  EXPECT_TRUE(entry(sent).lost_answer);
  EXPECT_FALSE(entry(waiting).lost_answer);
  EXPECT_EQ(claim(), sent);
}

// Promise 4: the entry and its row are one transaction.
TEST_F(OutboxTest, AnEntryAndItsRowCommitTogetherOrNotAtAll) {
  auto computed = cache::sample::compute(
      sample_, {cache::Operation::kInsert, "todos", "", R"({"id":1,"title":"a"})"});
  auto& changes = std::get<cache::Changes>(computed);
  Entry lost;
  lost.id = "lost";
  lost.relation = "public.todos";
  EXPECT_THROW(sample_.write([&](cache::Transaction& transaction) {
    outbox().append(transaction, lost, changes.effects, changes.references);
    throw std::runtime_error("the process dies here");
  }),
               std::runtime_error);
  EXPECT_EQ(sample_.rows("todos", {"id"}), "");
  auto reader = sample_.store().reader();
  EXPECT_TRUE(outbox().empty(*reader));
}

TEST_F(OutboxTest, AnIdempotencyKeyIsKnownForGood) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_outbox SET app_key='app-1'");
    outbox().keep_answer(transaction, sequence, "the answer");
  });
  claim();
  acknowledge(sequence);
  sample_.reopen();
  auto reader = sample_.store().reader();
  EXPECT_EQ(Outbox::answer_for(*reader, "app-1")->answer, "the answer");
  EXPECT_FALSE(Outbox::answer_for(*reader, "app-2"));
}

TEST_F(OutboxTest, DepthCountsWhatHasStillToReachTheUpstream) {
  const auto dead = insert("todos", R"({"id":1,"title":"a"})");
  const auto done = insert("todos", R"({"id":2,"title":"b"})");
  const auto held = insert("todos", R"({"id":3,"title":"c"})");
  insert("todos", R"({"id":4,"title":"d"})");
  ASSERT_EQ(claim(), dead);
  reject(dead);
  ASSERT_EQ(claim(), done);
  acknowledge(done);
  park(held, State::kHeld);
  auto reader = sample_.store().reader();
  const auto counts = outbox().counts(*reader);
  EXPECT_EQ(counts.at(State::kQueued), 1);
  EXPECT_EQ(counts.at(State::kHeld), 1);
  EXPECT_EQ(counts.at(State::kDead), 1);
  EXPECT_FALSE(counts.contains(State::kAcknowledged));
  EXPECT_EQ(outbox().oldest(*reader), clock_.now());
  EXPECT_EQ(outbox().list(*reader, std::nullopt, {}).size(), 3U);  // dead letters are for a person
}

TEST_F(OutboxTest, AListGoesOnAfterTheLastEntryOfAPage) {
  std::vector<std::string> ids;
  for (int id = 1; id <= 5; ++id) {
    ids.push_back(entry(insert("todos", R"({"id":)" + std::to_string(id) + R"(,"title":"a"})")).id);
  }
  ASSERT_EQ(claim(), 1);
  reject(1);
  ASSERT_EQ(claim(), 2);
  acknowledge(2);
  auto reader = sample_.store().reader();
  const auto listed = [&](std::optional<State> state, const Outbox::Page& page) {
    std::vector<std::string> found;
    for (const Entry& entry : Outbox::list(*reader, state, page)) found.push_back(entry.id);
    return found;
  };
  using ::testing::ElementsAre;
  EXPECT_THAT(listed(std::nullopt, {"", 2}), ElementsAre(ids[0], ids[2]));
  EXPECT_THAT(listed(std::nullopt, {ids[2], 2}), ElementsAre(ids[3], ids[4]));
  EXPECT_THAT(listed(std::nullopt, {ids[4], 2}), ElementsAre());
  // One that is known no more, or of another principal, stands where it was.
  EXPECT_THAT(listed(State::kQueued, {ids[1] + "x", 9}), ElementsAre(ids[2], ids[3], ids[4]));
  EXPECT_THAT(listed(State::kAcknowledged, {}), ElementsAre(ids[1]));
  EXPECT_THAT(listed(std::nullopt, {"", 2, false}), ElementsAre(ids[2], ids[3]));
  EXPECT_THAT(listed(State::kDead, {ids[0], 9}), ElementsAre());
}

TEST_F(OutboxTest, TheNextMomentIsThatOfTheEarliestEntry) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("todos", R"({"id":2,"title":"b"})");
  claim();
  claim();
  postpone(first, 60s);
  postpone(second, 20s);
  auto reader = sample_.store().reader();
  EXPECT_EQ(outbox().next_due(*reader), cache::sample::noon() + 20s);
}

// Hard case 8: what the upstream keeps of a send whose answer was lost is no news.
TEST_F(OutboxTest, WhatAReplayedAnswerTellsOfARowIsReadAgain) {
  sample_.put("todos", todo(1, "a"));
  for (const bool lost : {false, true}) {
    const auto sequence = update("todos", 1, R"({"title":"b"})");
    ASSERT_EQ(claim(), sequence);
    change(sequence, [&](Outbox& outbox, cache::Transaction& transaction, Entry entry) {
      entry.lost_answer = lost;
      const cache::Table& table = sample_.table("todos");
      const auto row = cache::parse_row(table, todo(1, "b")).value();
      outbox.acknowledge(transaction, entry, {{&table, key(1), row}}, clock_.now());
    });
    EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_rereads"), lost ? 1 : 0);
  }
}

}  // namespace
}  // namespace holdfast::queue
