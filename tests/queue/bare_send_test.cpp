#include "queue/bare_send.h"

#include <gmock/gmock.h>

#include "queue/conflicts.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class BareSendTest : public QueueTest {
 protected:
  // Sends the queue once and loses the answer, whatever it would have been.
  void lose_first_answer() {
    upstream_.lose_answers();
    upstream_.push(500, "");
    drain();
    upstream_.clear_calls();
    clock_.advance(10min);
  }
  std::string shown() { return sample_.rows("todos", {"id", "title", "done"}); }
  std::string duplicate(const std::string& constraint) {
    return error("23505",
                 "duplicate key value violates unique constraint \\\"" + constraint + "\\\"");
  }
};

// Hard case 10.
TEST_F(BareSendTest, ADuplicateOfAKeyMadeHereIsApplied) {
  const auto sequence = insert("notes", R"({"body":"n"})");
  const std::string id = sample_.rows("notes", {"id"}).substr(7, 36);
  answer(409, duplicate("notes_pkey"));
  // Somebody has changed it since: that does not matter.
  answer(200, R"([{"id":")" + id + R"(","body":"changed since","number":4}])");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(sample_.rows("notes", {"body", "number"}), R"({"body":"changed since","number":4})");
}

TEST_F(BareSendTest, ADuplicateOnAnotherConstraintIsRefused) {
  const auto sequence = insert("lists", R"({"id":1,"title":"l","slot":1})");
  answer(409, duplicate("lists_slot_key"));
  drain();
  expect_state(sequence, "dead");
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(BareSendTest, ADuplicateOfTheAppsOwnKeyIsSomebodyElses) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  answer(409, duplicate("todos_pkey"));
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  expect_state(sequence, "dead");
  EXPECT_EQ(shown(), "");
}

// Hard case 10: a request may arrive twice, and the second one's answer be the one that comes back.
TEST_F(BareSendTest, ADuplicateThatSaysAllThatWasSentIsWhatWasSent) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  answer(409, duplicate("todos_pkey"));
  answer(200, "[" + todo(1, "a", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":true})");
}

TEST_F(BareSendTest, AfterALostAnswerADuplicateIsComparedByType) {
  const auto sequence = insert(
      "todos", R"({"id":1,"title":"a","price":12.345,"updated_at":"2026-11-21T13:00:00+01:00"})");
  lose_first_answer();
  answer(409, duplicate("todos_pkey"));
  answer(200, R"([{"id":1,"list_id":null,"title":"a","done":true,"price":12.35,)"
              R"("updated_at":"2026-11-21T12:00:00+00:00"}])");
  drain();
  expect_state(sequence, "acknowledged");
  // What the app did not send is the upstream's.
  EXPECT_EQ(sample_.rows("todos", {"done", "price"}), R"({"done":true,"price":12.35})");
}

TEST_F(BareSendTest, AfterALostAnswerAnotherRowWithTheKeyIsNotOurs) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a","price":12.34})");
  lose_first_answer();
  answer(409, duplicate("todos_pkey"));
  answer(200, R"([{"id":1,"list_id":null,"title":"a","done":false,"price":12.35,)"
              R"("updated_at":"2026-11-21T12:00:00+00:00"}])");
  drain();
  expect_state(sequence, "dead");
}

TEST_F(BareSendTest, ALostInsertThatDidNotArriveIsSentAgain) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  lose_first_answer();
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("POST /rest/v1/todos"));
}

TEST_F(BareSendTest, ALostUpdateThatArrivedIsNotSentAgain) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  lose_first_answer();
  answer(200, "[" + todo(1, "b", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"b","done":true})");
}

TEST_F(BareSendTest, ALostUpdateThatDidNotArriveIsSentAgain) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  lose_first_answer();
  answer(200, "[" + todo(1, "a") + "]");
  answer(200, "[" + todo(1, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos", "PATCH /rest/v1/todos"));
}

// Hard case 14: a conflict is a column that differs from the base on both sides.
TEST_F(BareSendTest, AChangeOfAnotherColumnIsNoConflictForALostUpdate) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  lose_first_answer();
  answer(200, "[" + todo(1, "a", "true") + "]");
  answer(200, "[" + todo(1, "b", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos", "PATCH /rest/v1/todos"));
}

TEST_F(BareSendTest, AChangeOfTheSameColumnWinsOverALostUpdateAndIsRecorded) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  lose_first_answer();
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("changed by somebody else"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"theirs","done":false})");
}

// Hard case 7.
TEST_F(BareSendTest, OnesOwnEarlierWriteIsNoConflictForALostUpdate) {
  sample_.put("todos", todo(1, "a"));
  const auto first = update("todos", 1, R"({"title":"b"})");
  const auto second = update("todos", 1, R"({"title":"c"})");
  answer(200, "[" + todo(1, "b") + "]");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  expect_state(first, "acknowledged");
  expect_state(second, "waiting");
  upstream_.clear_calls();
  clock_.advance(10min);
  answer(200, "[" + todo(1, "b") + "]");
  answer(200, "[" + todo(1, "c") + "]");
  drain();
  expect_state(second, "acknowledged");
  EXPECT_EQ(shown(), R"({"id":1,"title":"c","done":false})");
}

TEST_F(BareSendTest, ALostDeletionIsJudgedByItsRow) {
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "," + todo(3, "c") + "]");
  const auto arrived = erase("todos", 1);
  lose_first_answer();
  answer(200, "[]");
  drain();
  expect_state(arrived, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos"));

  const auto lost = erase("todos", 2);
  lose_first_answer();
  answer(200, "[" + todo(2, "b") + "]");
  answer(200, "[" + todo(2, "b") + "]");
  drain();
  expect_state(lost, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos", "DELETE /rest/v1/todos"));

  // Another device may have made the key again: its row is not ours to delete.
  const auto remade = erase("todos", 3);
  lose_first_answer();
  answer(200, "[" + todo(3, "theirs") + "]");
  drain();
  expect_state(remade, "resolved");
  EXPECT_EQ(shown(), R"({"id":3,"title":"theirs","done":false})");
}

// Hard case 13: zero rows are judged at the new key first.
TEST_F(BareSendTest, ALostChangeOfAKeyIsJudgedAtTheNewKey) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"id":5})");
  lose_first_answer();
  answer(200, "[" + todo(5, "a") + "]");
  answer(200, "[]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(shown(), R"({"id":5,"title":"a","done":false})");
}

// The send whose answer was lost may be carried out only now, between two looks.
TEST_F(BareSendTest, ARowThatMovesWhileItIsLookedForIsNotGone) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"id":5})");
  lose_first_answer();
  answer(200, "[" + todo(1, "a") + "]");
  answer(200, "[" + todo(5, "a") + "]");
  answer(200, "[]");
  answer(200, "[" + todo(5, "a") + "]");
  answer(200, "[]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(shown(), R"({"id":5,"title":"a","done":false})");
}

// Hard case 13: only a lost send of its own can have put it there.
TEST_F(BareSendTest, AnotherRowAtTheNewKeyIsNotTheMovedOne) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"id":5})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "theirs") + "," + todo(5, "other") + "]");
  answer(200, "[]");  // its values are printed differently there
  answer(409, duplicate("todos_pkey"));
  drain();
  expect_state(sequence, "dead");
}

TEST_F(BareSendTest, NoRowsAndAVisibleRowMeanNotPermitted) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "a") + "]");
  answer(200, "[]");  // its values are printed differently there
  answer(200, "[]");  // by its key alone
  answer(200, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("not permit"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
}

// A trigger that returns NULL does each time again what it does instead.
TEST_F(BareSendTest, WhatARowThatMeetsTheConditionWasKeptFromIsNotSentAgain) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  answer(200, "[]");
  answer(200, "[" + todo(1, "a") + "]");
  answer(200, R"([{"id":1}])");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_EQ(upstream_.calls().size(), 3U);
}

TEST_F(BareSendTest, NoRowsAndNoneVisibleMeansGone) {
  sample_.put("todos", todo(1, "a"));
  const auto change = update("todos", 1, R"({"title":"b"})");
  answer(200, "[]");
  answer(200, "[]");
  drain();
  expect_state(change, "resolved");
  EXPECT_EQ(shown(), "");
  sample_.put("todos", todo(2, "b"));
  const auto deletion = erase("todos", 2);
  answer(200, "[]");
  answer(200, "[]");
  drain();
  expect_state(deletion, "acknowledged");
}

// A role may be permitted to insert and not to read.
TEST_F(BareSendTest, ARowThatMayNotBeReadIsSentWithoutAskingItBack) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  answer(403, error("42501", "permission denied for table todos"));
  upstream_.push(201, "");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(upstream_.calls().at(1).headers.find("Prefer"), "return=minimal");
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
}

// Promise 2: without a row to look at nothing proves that it arrived, nor that it did not.
TEST_F(BareSendTest, ALostWriteThatCannotBeLookedAtIsForAPerson) {
  sample_.put("todos", todo(1, "a"));
  const auto change = update("todos", 1, R"({"title":"b"})");
  lose_first_answer();
  answer(403, error("42501", "permission denied for table todos"));
  drain();
  expect_state(change, "uncertain");
  const auto made = insert("todos", R"({"id":2,"title":"n"})");
  lose_first_answer();
  answer(409, duplicate("todos_pkey"));
  answer(403, error("42501", "permission denied for table todos"));
  drain();
  expect_state(made, "uncertain");
  EXPECT_EQ(shown(), R"({"id":1,"title":"b","done":false}{"id":2,"title":"n","done":false})");
}

TEST_F(BareSendTest, ALostWriteWaitsWhileTheRowsCannotBeAsked) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  lose_first_answer();
  upstream_.push(200, "<html>", {{"Content-Type", "text/html"}});
  drain();
  expect_state(sequence, "waiting");
  EXPECT_TRUE(entry(sequence).lost_answer);
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos"));
}

TEST_F(BareSendTest, ATableThatIsGoneParksItsEntries) {
  const auto sequence = insert("todos", R"({"id":1,"title":"a"})");
  auto fewer = cache::sample::tables();
  std::erase_if(fewer, [](const cache::Table& table) { return table.name == "todos"; });
  sample_.reopen(std::make_shared<const cache::Catalog>(fewer, std::vector<cache::Function>{}));
  drain();
  expect_state(sequence, "stalled");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("public.todos"));
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(BareSendTest, ALostUpsertIsJudgedByItsRow) {
  const auto sequence = enqueue({cache::Operation::kInsert, "todos", "", R"({"id":1,"title":"a"})",
                                 cache::Resolution::kMergeDuplicates});
  lose_first_answer();
  answer(200, "[]");
  answer(201, "[" + todo(1, "a") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos", "POST /rest/v1/todos"));
}

// It may never have arrived: what it says is kept where a person finds it.
TEST_F(BareSendTest, ALostUpsertOfARowThatOthersHaveChangedIsListed) {
  sample_.put("todos", todo(1, "base"));
  const auto sequence =
      enqueue({cache::Operation::kInsert, "todos", "", R"({"id":1,"title":"ours"})",
               cache::Resolution::kMergeDuplicates});
  lose_first_answer();
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_EQ(shown(), R"({"id":1,"title":"theirs","done":false})");
  auto reader = sample_.store().reader();
  const auto conflicts = Conflicts::list(*reader, std::nullopt);
  ASSERT_EQ(conflicts.size(), 1U);
  EXPECT_EQ(conflicts[0].state, Conflict::State::kResolved);
  EXPECT_THAT(conflicts[0].local.value_or(""), HasSubstr("ours"));
  EXPECT_THAT(conflicts[0].columns, ElementsAre("title"));
}

// Nobody else has made the same key, and others may have changed the row since.
TEST_F(BareSendTest, ALostInsertOfARandomKeyOfTheAppIsAppliedWhateverTheRowSaysNow) {
  const std::string random = "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11";
  const std::string computed = "8b1f0a52-51f6-5bd4-9f3b-2f4f4f9f2d11";
  for (const std::string& id : {random, computed}) {
    const auto sequence = insert("notes", R"({"id":")" + id + R"(","body":"n"})");
    lose_first_answer();
    answer(409, duplicate("notes_pkey"));
    answer(200, R"([{"id":")" + id + R"(","body":"changed since","number":4}])");
    drain();
    expect_state(sequence, id == random ? "acknowledged" : "dead");
    if (id == computed) {
      EXPECT_THAT(entry(sequence).last_error, HasSubstr("may be this one"));
    }
  }
}

// By another constraint it may have given its row another key.
TEST_F(BareSendTest, ALostUpsertThatChangedAKeyIsJudgedByBothKeys) {
  for (const bool arrived : {true, false}) {
    const std::string slot = arrived ? "1" : "2";
    const auto list = [&](const std::string& id, const std::string& title) {
      return R"([{"id":)" + id + R"(,"title":")" + title + R"(","slot":)" + slot +
             R"(,"updated_at":"2026-11-21T12:00:00Z"}])";
    };
    sample_.put("lists", list("5" + slot, "old"));
    const auto sequence = enqueue({cache::Operation::kInsert, "lists", "on_conflict=slot",
                                   R"({"id":9)" + slot + R"(,"title":"new","slot":)" + slot + "}",
                                   cache::Resolution::kMergeDuplicates});
    upstream_.clear_calls();
    lose_first_answer();
    answer(200, arrived ? list("9" + slot, "new") : list("5" + slot, "old"));
    answer(200, "[]");  // for the other key
    if (!arrived) answer(201, list("9" + slot, "new"));
    drain();
    expect_state(sequence, "acknowledged");
    EXPECT_EQ(calls().size(), arrived ? 2U : 3U);
    EXPECT_THAT(sample_.rows("lists", {"id"}), HasSubstr("{\"id\":9" + slot + "}"));
    EXPECT_THAT(sample_.rows("lists", {"id"}), Not(HasSubstr("{\"id\":5" + slot + "}")));
  }
}

}  // namespace
}  // namespace holdfast::queue
