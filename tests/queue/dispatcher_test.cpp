#include "queue/dispatcher.h"

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class DispatcherTest : public QueueTest {
 protected:
  std::string shown() { return sample_.rows("todos", {"id", "title", "done"}); }
};

TEST_F(DispatcherTest, AnEntryIsSentWithItsKeyAndTheTokenOfTheMoment) {
  credentials_.current = upstream::Credentials{"sb_publishable_test", "token-of-now"};
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  answer(201, "[" + todo(1, "a") + "]");
  const auto outcome = drain();
  EXPECT_EQ(outcome.uploaded, 1);
  expect_state(sequence, "acknowledged");
  const auto call = upstream_.calls().at(0);
  EXPECT_EQ(call.method, "POST");
  EXPECT_EQ(call.body, R"({"id":1,"title":"a"})");
  EXPECT_EQ(call.headers.find("Idempotency-Key"), entry(sequence).idempotency_key);
  EXPECT_EQ(call.headers.find("Authorization"), "Bearer token-of-now");
  EXPECT_EQ(call.headers.find("apikey"), "sb_publishable_test");
  // Never an implicit upsert.
  EXPECT_EQ(call.headers.find("Prefer"), "return=representation");
}

TEST_F(DispatcherTest, NoTokenIsStoredInAnEntry) {
  credentials_.current = upstream::Credentials{"sb_publishable_test", "token-of-now"};
  insert("todos", R"({"id":1,"title":"a"})");
  drain();
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_outbox WHERE headers LIKE '%token-of-now%'"
                           " OR headers LIKE '%sb_publishable%'"),
            0);
}

TEST_F(DispatcherTest, WhatTheUpstreamMadeOfTheRowIsShown) {
  insert("todos", R"({"id":1,"title":"a"})");
  answer(201, "[" + todo(1, "A, by a trigger", "true") + "]");
  drain();
  EXPECT_EQ(shown(), R"({"id":1,"title":"A, by a trigger","done":true})");
}

TEST_F(DispatcherTest, AKeyOnARowGoesOutInOrder) {
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"b"})");
  update("todos", 1, R"({"done":true})");
  erase("todos", 1);
  answer(200, "[" + todo(1, "b") + "]");
  answer(200, "[" + todo(1, "b", "true") + "]");
  answer(200, "[" + todo(1, "b", "true") + "]");
  EXPECT_EQ(drain().uploaded, 3);
  EXPECT_THAT(calls(),
              ElementsAre("PATCH /rest/v1/todos", "PATCH /rest/v1/todos", "DELETE /rest/v1/todos"));
  EXPECT_EQ(shown(), "");
}

TEST_F(DispatcherTest, TheUpstreamsSilenceEndsTheDrain) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("todos", R"({"id":2,"title":"b","done":false})");
  upstream_.set_offline(true);
  const auto outcome = drain();
  EXPECT_FALSE(outcome.reached);
  EXPECT_EQ(upstream_.refused(), 1);
  EXPECT_EQ(outcome.next_due, entry(first).next_attempt_at) << "the second waits with the first";
  expect_state(first, "waiting");
  expect_state(second, "queued");
  EXPECT_FALSE(entry(first).lost_answer) << "it surely was not sent";
}

TEST_F(DispatcherTest, DeliveredEntriesAreForgottenAfterAWhileAndDeadLettersNever) {
  const auto delivered = insert("todos", R"({"id":1,"title":"a"})");
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  const auto dead = insert("todos", R"({"id":2,"title":"b"})");
  answer(400, error("23514"));
  drain();
  clock_.advance(options_.keep_delivered + 1s);
  dispatcher().forget_delivered(sample_.store());
  auto reader = sample_.store().reader();
  EXPECT_TRUE(sample_.overlay().effects(*reader, delivered).empty());
  EXPECT_FALSE(sample_.overlay().effects(*reader, dead).empty());
  expect_state(dead, "dead");
}

TEST_F(DispatcherTest, WhenTheUpstreamAnswersAgainNobodyWaitsLonger) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  upstream_.set_offline(true);
  drain();
  upstream_.set_offline(false);
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "waiting");  // its backoff is not over
  dispatcher().upstream_reached(sample_.store());
  drain();
  expect_state(sequence, "acknowledged");
}

TEST_F(DispatcherTest, AnEntryThatAloneGetsNoAnswerHoldsNobodyElseBack) {
  const auto poison = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("todos", R"({"id":2,"title":"b","done":false})");
  const auto third = insert("todos", R"({"id":3,"title":"c"})");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  answer(201, "[" + todo(2, "b") + "]");
  answer(201, "[" + todo(3, "c") + "]");
  EXPECT_TRUE(drain().reached);
  expect_state(second, "acknowledged");
  expect_state(third, "acknowledged");
  dispatcher().upstream_reached(sample_.store());
  expect_state(poison, "stalled");
  EXPECT_TRUE(entry(poison).next_attempt_at);
}

TEST_F(DispatcherTest, TwoLostAnswersEndTheDrain) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  insert("todos", R"({"id":2,"title":"b","done":false})");
  const auto third = insert("todos", R"({"id":3,"title":"c"})");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  EXPECT_FALSE(drain().reached);
  EXPECT_EQ(upstream_.calls().size(), 2U);
  expect_state(first, "waiting");
  expect_state(third, "queued");
}

TEST_F(DispatcherTest, RetryAfterIsObeyed) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  random_ = 0.0;
  auto headers = json();
  headers.add("Retry-After", "120");
  upstream_.push(429, error("rate"), headers);
  EXPECT_EQ(drain().next_due, clock_.now() + 120s);
  clock_.advance(119s);
  drain();
  expect_state(sequence, "waiting");
  answer(201, "[" + todo(1, "a") + "]");
  clock_.advance(1s);
  drain();
  expect_state(sequence, "acknowledged");
}

TEST_F(DispatcherTest, APersonsSyncTriesWhatBacksOff) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  answer(503, error("57P01", "shutting down"));
  drain();
  expect_state(sequence, "waiting");
  answer(201, "[" + todo(1, "a") + "]");
  drain(true);
  expect_state(sequence, "acknowledged");
}

TEST_F(DispatcherTest, WhileTheUpstreamIsAwayNothingIsClaimedUnlessAPersonAsks) {
  bool away = true;
  Dispatcher resting = dispatcher();
  resting.rest_while([&away] { return away; });
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  EXPECT_EQ(resting.drain(sample_.store(), false).next_due, std::nullopt);
  expect_state(first, "queued");
  EXPECT_EQ(entry(first).attempts, 0);
  EXPECT_EQ(upstream_.calls().size(), 0U);
  answer(201, "[" + todo(1, "a") + "]");
  resting.drain(sample_.store(), true);
  expect_state(first, "acknowledged");
  const auto second = insert("todos", R"({"id":2,"title":"b"})");
  away = false;
  answer(201, "[" + todo(2, "b") + "]");
  resting.drain(sample_.store(), false);
  expect_state(second, "acknowledged");
}

// Hard case 11.
TEST_F(DispatcherTest, APageThatIsNotTheApisIsTriedAgain) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  upstream_.push(200, "<html>Please log in</html>", {{"Content-Type", "text/html"}});
  upstream_.push(403, "<html>Blocked</html>", {{"Content-Type", "text/html"}});
  upstream_.push(302, "", {{"Location", "http://portal.example/"}});
  for (int i = 0; i < 3; ++i) {
    drain();
    expect_state(sequence, "waiting");
    clock_.advance(10min);
  }
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "acknowledged");
}

TEST_F(DispatcherTest, AServerErrorStallsAfterTenTriesAndHoldsNobodyBack) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  for (int i = 0; i < 9; ++i) {
    answer(500, error("XX000", "internal"));
    drain();
    expect_state(first, "waiting");
    clock_.advance(6min);
  }
  answer(500, error("XX000", "internal"));
  drain();
  expect_state(first, "stalled");
  const auto second = insert("todos", R"({"id":2,"title":"b"})");
  answer(201, "[" + todo(2, "b") + "]");
  drain();
  expect_state(second, "acknowledged");
  // It is probed hourly.
  clock_.advance(59min);
  drain();
  expect_state(first, "stalled");
  clock_.advance(1min);
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  expect_state(first, "acknowledged");
}

TEST_F(DispatcherTest, TriesWhileOfflineDoNotCountAsServerErrors) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  upstream_.set_offline(true);
  for (int i = 0; i < 20; ++i) {
    drain();
    clock_.advance(6min);
  }
  upstream_.set_offline(false);
  answer(500, error("XX000", "internal"));
  drain();
  expect_state(sequence, "waiting");
}

TEST_F(DispatcherTest, OverloadIsTriedForEver) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  for (int i = 0; i < 30; ++i) {
    answer(503, error("PGRST001", "no connection"));
    drain();
    expect_state(sequence, "waiting");
    clock_.advance(6min);
  }
}

TEST_F(DispatcherTest, ARefusedWriteIsADeadLetterWithTheReasonAndIsTakenBack) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":""})");
  answer(400, error("23514", "violates check constraint \\\"title_given\\\""));
  const auto outcome = drain();
  EXPECT_EQ(outcome.ended, 1);
  EXPECT_EQ(outcome.uploaded, 0);
  expect_state(sequence, "dead");
  EXPECT_EQ(entry(sequence).last_status, 400);
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("title_given"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
}

TEST_F(DispatcherTest, WithoutATokenEntriesAreHeldAndNothingIsSent) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("todos", R"({"id":2,"title":"b"})");
  credentials_.current.reset();
  drain();
  expect_state(first, "held");
  expect_state(second, "held");
  EXPECT_TRUE(upstream_.calls().empty());
  credentials_.current = upstream::Credentials{"sb_publishable_test", "a-new-token"};
  dispatcher().token_arrived(sample_.store());
  answer(201, "[" + todo(1, "a") + "]");
  answer(201, "[" + todo(2, "b") + "]");
  drain();
  expect_state(first, "acknowledged");
  expect_state(second, "acknowledged");
}

// Promise 9: the news of a token may come just before entries are held for want of one.
TEST_F(DispatcherTest, WhatIsHeldIsSentWhenThereIsATokenWhateverTheNewsOfIt) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  credentials_.current.reset();
  drain();
  expect_state(sequence, "held");
  credentials_.current = upstream::Credentials{"sb_publishable_test", "a-new-token"};
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "acknowledged");
}

// What the upstream refuses for each entry it refuses for all: not all are sent each time.
TEST_F(DispatcherTest, OneOfTheHeldIsTriedUntilItsTokenIsTaken) {
  std::vector<std::int64_t> sequences;
  for (int id : {1, 2, 3}) {
    sequences.push_back(insert("todos", "{\"id\":" + std::to_string(id) + ",\"title\":\"a\"}"));
  }
  sample_.write([&](cache::Transaction& transaction) {
    for (const auto sequence : sequences) {
      outbox().park(transaction, entry(sequence), State::kHeld, 401, "JWT expired");
    }
    cache::Statement(transaction.database(), "UPDATE hf_outbox SET attempts=1 WHERE sequence=1")
        .run();
  });
  answer(503, error("PGRST001", "no connection"));
  drain();
  EXPECT_EQ(upstream_.calls().size(), 1U);
  expect_state(sequences[0], "held");
  expect_state(sequences[1], "waiting");
  expect_state(sequences[2], "held");
  for (int id : {3, 1}) answer(201, "[" + todo(id, "a") + "]");
  drain();
  expect_state(sequences[0], "acknowledged");
  expect_state(sequences[2], "acknowledged");
}

TEST_F(DispatcherTest, ARefusedKeyIsNotUsedAgainAndLosesNothing) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  answer(401, error("PGRST303", "JWT expired"));
  drain();
  EXPECT_EQ(credentials_.refused, 1);
  EXPECT_NE(state(sequence), "dead");
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
}

// Promise 2: a fault between the send and its record.
TEST_F(DispatcherTest, AnEntryLeftInSendingByAFaultIsSettledByTheNextDrain) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  upstream_.respond_with([](const upstream::Call&) -> upstream::Outcome {
    throw std::runtime_error("a bug, or a failing disk");
  });
  EXPECT_THROW(drain(), std::runtime_error);
  expect_state(sequence, "sending");
  upstream_.respond_with({});
  answer(409, error("23505", "unique constraint \\\"todos_pkey\\\""));
  answer(200, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "acknowledged");
}

TEST_F(DispatcherTest, AfterACrashTheSameKeyIsSentAgain) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  upstream_.lose_answers();
  upstream_.push(201, "[" + todo(1, "a") + "]", json());
  drain();
  expect_state(sequence, "waiting");
  EXPECT_TRUE(entry(sequence).lost_answer);
  sample_.reopen();
  dispatcher().recover(sample_.store());
  clock_.advance(10min);
  answer(409, error("23505", "unique constraint \\\"todos_pkey\\\""));
  answer(200, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  const auto sent = upstream_.calls();
  EXPECT_EQ(sent.at(0).headers.find("Idempotency-Key"), sent.at(1).headers.find("Idempotency-Key"));
}

// An insert that names every column is kept once; its duplicate was read as if it had no row, and
// held up all others for ever.
TEST_F(DispatcherTest, ADuplicateOfAWholeRowIsRefusedAndHoldsNobodyUp) {
  const auto first = insert("lists", R"({"id":1,"title":"mine"})");
  const auto second = insert("todos", R"({"id":2,"title":"t"})");
  answer(409, error("23505", R"(duplicate key value violates unique constraint \"lists_pkey\")"));
  answer(200, R"([{"id":1,"title":"theirs"}])");
  answer(201, "[" + todo(2, "t") + "]");
  drain();
  expect_state(first, "dead");
  expect_state(second, "acknowledged");
}

TEST_F(DispatcherTest, AnOutcomeThatCannotBeWrittenDownHoldsNobodyUp) {
  const auto first = insert("todos", R"({"id":1,"title":"a"})");
  const auto second = insert("lists", R"({"id":2,"title":"l"})");
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_effects SET changes='{', row='{' WHERE entry=1");
  });
  answer(201, "[]");
  answer(201, R"([{"id":2,"title":"l"}])");
  drain();
  expect_state(first, "stalled");
  EXPECT_THAT(entry(first).last_error, HasSubstr("cannot be written down"));
  expect_state(second, "acknowledged");
}

}  // namespace
}  // namespace holdfast::queue
