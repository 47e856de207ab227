#include "queue/earlier.h"

#include <gmock/gmock.h>

#include "queue/explanation.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::AllOf;
using ::testing::HasSubstr;

class EarlierTest : public QueueTest {};

// Hard case 5: a policy may check a row that is still on its way.
TEST_F(EarlierTest, ARefusalIsNotFinalWhileAnEarlierEntryIsUnfinished) {
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
TEST_F(EarlierTest, ARefusedEntryIsNotTriedAgainForEveryLaterOneThatEnds) {
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
TEST_F(EarlierTest, ARefusalDoesNotWaitForAPersonWhomItDoesNotConcern) {
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

TEST_F(EarlierTest, ATakenValueWaitsForAPersonOnlyWhereTheyMayGiveItUp) {
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  const auto retitled = update("todos", 1, R"({"title":"ours"})");
  const auto moved = update("todos", 2, R"({"id":20})");
  const auto other = insert("todos", R"({"id":9,"title":"a"})");
  const auto wanted = insert("todos", R"({"id":2,"title":"a"})");
  sample_.write([&](cache::Transaction& transaction) {
    for (const auto parked : {retitled, moved, other}) {
      outbox().park(transaction, entry(parked), State::kConflict, 0, "s was changed");
    }
  });
  auto reader = sample_.store().reader();
  const auto awaited = [&](std::int64_t refused, const std::string& reason) {
    return awaited_entry(*reader, sample_.overlay(), refused, Lack::kFreeValue, reason);
  };
  const std::string of_key = R"(duplicate key value violates unique constraint "todos_pkey")";
  EXPECT_EQ(awaited(other, of_key), std::nullopt);
  EXPECT_EQ(awaited(wanted, of_key), entry(moved).id);
  EXPECT_EQ(awaited(other, "an index that is not known here"), entry(retitled).id);
}

TEST_F(EarlierTest, WhatWaitsForAnEntryIsLookedAtAgainWhenThatOneIsForAPerson) {
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
TEST_F(EarlierTest, ARefusedEntryThatWaitsIsNotStuck) {
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

TEST_F(EarlierTest, ARefusalIsFinalOnceNobodyIsBefore) {
  const auto sequence = insert("todos", R"({"id":1,"list_id":7,"title":"a"})");
  answer(409, error("23503", "violates foreign key"));
  drain();
  expect_state(sequence, "dead");
}

}  // namespace
}  // namespace holdfast::queue
