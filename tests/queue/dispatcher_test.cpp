#include "queue/dispatcher.h"

#include <gmock/gmock.h>

#include "queue/explanation.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
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

// Hard case 5: a policy may check a row that is still on its way.
TEST_F(DispatcherTest, ARefusalIsNotFinalWhileAnEarlierEntryIsUnfinished) {
  for (const char* code : {"42501", "23503", "23505", "P0001"}) {
    const int id = 10 * static_cast<int>(code[4]) + static_cast<int>(code[3]);
    const auto first = insert("lists", "{\"id\":" + std::to_string(id) + ",\"title\":\"l\"}");
    const auto second = insert("todos", "{\"id\":" + std::to_string(id) + ",\"title\":\"a\"}");
    answer(503, error("57P01"));
    answer(403, error(code));
    if (std::string(code) == "42501") answer(403, error(code));  // without the row given back
    drain();
    expect_state(first, "waiting");
    expect_state(second, "blocked");
    upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
      upstream::Answer created;
      created.status = 201;
      created.headers = json();
      created.body = call.target.find("lists") != std::string::npos
                         ? "[{\"id\":" + std::to_string(id) + ",\"title\":\"l\"}]"
                         : "[" + todo(id, "a") + "]";
      return created;
    });
    clock_.advance(10min);
    while (!upstream_.calls().empty() && state(second) != "acknowledged") {
      upstream_.clear_calls();
      drain();
    }
    expect_state(first, "acknowledged");
    expect_state(second, "acknowledged");
  }
}

// It waits for what is before it: that others after it go through changes nothing for it.
TEST_F(DispatcherTest, ARefusedEntryIsNotTriedAgainForEveryLaterOneThatEnds) {
  sample_.put("todos", todo(1, "a"));
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  const auto parked = update("todos", 1, R"({"title":"ours"})");
  const auto refused = insert("todos", R"({"id":9,"title":"poison"})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(409, error("23505", "duplicate key value"));
  for (int id = 1; id <= 5; ++id) {
    sample_.put("reviews", R"({"id":)" + std::to_string(id) + R"(,"list_id":1})");
    update("reviews", id, R"({"list_id":2})");
    answer(200, R"([{"id":)" + std::to_string(id) + R"(,"list_id":2}])");
  }
  drain();
  expect_state(parked, "conflict");
  expect_state(refused, "blocked");
  EXPECT_EQ(entry(refused).attempts, 1);
  // A person who looks at it is told what the upstream said, and what it waits for.
  EXPECT_THAT(entry(refused).last_error,
              AllOf(HasSubstr("duplicate key value"), HasSubstr(entry(parked).id)));
  EXPECT_THAT(explain(entry(refused)), HasSubstr("The upstream refused it"));
}

// A conflict may stand for weeks: it keeps nobody waiting that it can have nothing to do with.
TEST_F(DispatcherTest, ARefusalDoesNotWaitForAPersonWhomItDoesNotConcern) {
  sample_.put("lists", R"({"id":1,"title":"l","updated_at":"2026-11-21T00:00:00Z"})");
  tables_.table_options["lists"].conflict = cache::ConflictStrategy::kManual;
  const auto parked = update("lists", 1, R"({"title":"ours"})");
  const auto taken = insert("todos", R"({"id":9,"title":"a"})");
  const auto orphan = insert("todos", R"({"id":10,"list_id":7,"title":"a"})");
  const auto raised = insert("todos", R"({"id":11,"title":"a"})");
  const auto elsewhere = insert("counters", R"({"id":1,"name":"a"})");
  answer(200, "[]");
  answer(200, R"([{"id":1,"title":"theirs","updated_at":"2026-11-21T01:00:00Z"}])");
  // Entries of one table and the same columns go together first.
  upstream_.respond_with([](const upstream::Call& call) -> upstream::Outcome {
    const auto refusal = [](const char* code) {
      upstream::Answer answer;
      answer.status = 409;
      answer.headers = json();
      answer.body = error(code);
      return answer;
    };
    if (call.body.find("counters") != std::string::npos ||
        call.target.find("counters") != std::string::npos) {
      return refusal("P0001");
    }
    if (call.body.find("\"id\":10") != std::string::npos) return refusal("23503");
    if (call.body.find("\"id\":11") != std::string::npos) return refusal("P0001");
    return refusal("23505");
  });
  drain();
  expect_state(parked, "conflict");
  // Only a row of the same table can have taken its value.
  expect_state(taken, "dead");
  // Lists are what it names, and what its triggers may look at.
  expect_state(orphan, "blocked");
  expect_state(raised, "blocked");
  expect_state(elsewhere, "dead");
}

TEST_F(DispatcherTest, WhatWaitsForAnEntryIsLookedAtAgainWhenThatOneIsForAPerson) {
  sample_.put("lists", R"({"id":1,"title":"l","updated_at":"2026-11-21T00:00:00Z"})");
  tables_.table_options["lists"].conflict = cache::ConflictStrategy::kManual;
  const auto first = update("lists", 1, R"({"title":"ours"})");
  const auto refused = insert("counters", R"({"id":1,"name":"a"})");
  answer(503, error("PGRST001"));
  answer(409, error("23505"));
  drain();
  expect_state(first, "waiting");
  expect_state(refused, "blocked");
  clock_.advance(10min);
  answer(200, "[]");
  answer(200, R"([{"id":1,"title":"theirs","updated_at":"2026-11-21T01:00:00Z"}])");
  answer(409, error("23505"));
  drain();
  expect_state(first, "conflict");
  expect_state(refused, "dead");
}

// The watchdog is for what nothing else frees.
TEST_F(DispatcherTest, ARefusedEntryThatWaitsIsNotStuck) {
  sample_.put("todos", todo(1, "a"));
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  update("todos", 1, R"({"title":"ours"})");
  const auto refused = insert("todos", R"({"id":9,"title":"poison"})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(409, error("23505", "duplicate key value"));
  drain();
  expect_state(refused, "blocked");
  dispatcher().watch(sample_.store());
  expect_state(refused, "blocked");
}

TEST_F(DispatcherTest, ARefusalIsFinalOnceNobodyIsBefore) {
  const auto sequence = insert("todos", R"({"id":1,"list_id":7,"title":"a"})");
  answer(409, error("23503", "violates foreign key"));
  drain();
  expect_state(sequence, "dead");
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

}  // namespace
}  // namespace holdfast::queue
