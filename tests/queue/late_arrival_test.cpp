// Promise 3: what was sent without a condition and may still arrive is not repeated at once, as it
// would overwrite what others do until then.

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;

class LateArrivalTest : public QueueTest {
 protected:
  LateArrivalTest() { sample_.put("todos", todo(1, "a")); }

  Receipt send(std::int64_t sequence, std::optional<AskedRequest> asked) {
    auto reader = sample_.store().reader();
    Parcel parcel{entry(sequence), sample_.overlay().effects(*reader, sequence)};
    parcel.asked = std::move(asked);
    upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
    const Sender sender{sample_.store(), *credentials_.current, false, clock_.now()};
    return delivery_.deliver(sender, {&parcel, 1}).at(0);
  }
};

TEST_F(LateArrivalTest, AnAppsOwnRequestIsLookedForBeforeItIsRepeated) {
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  AskedRequest asked;
  asked.method = "PATCH";
  asked.target = "/rest/v1/todos?id=eq.1";
  asked.body = R"({"title":"b"})";
  asked.headers = json();
  const auto receipt = send(sequence, asked);
  const auto* doubt = std::get_if<Uncertain>(&receipt.verdict);
  ASSERT_NE(doubt, nullptr) << name_of(receipt.verdict);
  EXPECT_TRUE(doubt->looked_for);
}

TEST_F(LateArrivalTest, WhatWasSentUnderAConditionIsTriedAgainSoon) {
  const auto receipt = send(update("todos", 1, R"({"title":"b"})"), std::nullopt);
  EXPECT_STREQ(name_of(receipt.verdict), "try_again");
}

TEST_F(LateArrivalTest, AfterACrashAnUpdateWaitsUntilItCannotArriveAnyMore) {
  const auto changed = update("todos", 1, R"({"title":"b"})");
  sample_.write([&](cache::Transaction& transaction) {
    ASSERT_TRUE(outbox().claim(transaction, clock_.now()));
    outbox().recover(transaction, clock_.now() + 8s);
  });
  EXPECT_EQ(state(changed), "uncertain");
  const auto claimed = [&](Timestamp now) {
    std::optional<Entry> next;
    sample_.write(
        [&](cache::Transaction& transaction) { next = outbox().claim(transaction, now); });
    return next.has_value();
  };
  EXPECT_FALSE(claimed(clock_.now() + 7s));
  EXPECT_TRUE(claimed(clock_.now() + 9s));
}

// Sooner it could still be committed; and nothing else is sent before it.
TEST_F(LateArrivalTest, ItIsLookedForAfterTheStatementTimeoutWhereverTheClockIsSet) {
  for (const auto jump : {24h, -24h}) {
    const auto changed = update("todos", 1, R"({"title":"b"})");
    sample_.write([&](cache::Transaction& transaction) {
      ASSERT_TRUE(outbox().claim(transaction, clock_.now()));
      outbox().recover(transaction, clock_.now() + 1s);
    });
    clock_.set(clock_.now() + jump);
    dispatcher().clock_was_set(sample_.store());
    EXPECT_EQ(state(changed), "uncertain");
    EXPECT_EQ(entry(changed).next_attempt_at, clock_.now() + options_.statement_timeout);
    sample_.write([&](cache::Transaction& transaction) {
      outbox().discard(transaction, entry(changed), clock_.now());
    });
  }
}

TEST_F(LateArrivalTest, AWaitThatAClockSetToAndFroHasPutADayAheadIsOver) {
  const auto changed = update("todos", 1, R"({"title":"b"})");
  upstream_.respond_with([&](const upstream::Call&) -> upstream::Outcome {
    clock_.set(clock_.now() + 24h);
    return upstream::Answer{429, {{"Retry-After", "1"}}, "", {}, {}};
  });
  drain();
  clock_.set(clock_.now() - 24h);
  EXPECT_EQ(state(changed), "waiting");
  const auto outcome = drain();
  EXPECT_EQ(outcome.next_due, clock_.now());
  EXPECT_EQ(state(changed), "queued");
}

// A send whose answer was lost, of a column that is gone, and a row that others have changed.
TEST_F(LateArrivalTest, AnUpdateOfADroppedColumnWaitsForAnotherSchemaWhateverTheRowIs) {
  const auto sequence = update("todos", 1, R"({"price":5})");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  auto tables = cache::sample::tables();
  tables[1].columns.erase(tables[1].columns.begin() + 4);
  sample_.reopen(
      std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
  clock_.advance(10min);
  answer(200, R"([{"id":1,"list_id":null,"title":"other","done":false,)"
              R"("updated_at":"2026-11-21T12:30:00+00:00"}])");
  drain();
  EXPECT_EQ(state(sequence), "stalled");
  EXPECT_THAT(entry(sequence).last_error, ::testing::HasSubstr("'price'"));
}

}  // namespace
}  // namespace holdfast::queue
