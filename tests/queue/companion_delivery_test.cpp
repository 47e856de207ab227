#include "queue/companion_delivery.h"

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class CompanionDeliveryTest : public QueueTest {
 protected:
  DrainOutcome drain_with_companion() {
    Dispatcher dispatcher(
        companion_delivery_, credentials_, options_, tables_, clock_, [this] { return random_; },
        silent_logger());
    return dispatcher.drain(sample_.store());
  }
  void answer_push(const std::string& results) {
    answer(200, R"({"version":1,"hook":true,"results":[)" + results + "]}");
  }
  static std::string applied(const std::string& row) {
    return R"({"status":201,"rows":[)" + row + "]}";
  }

  Companion companion_;
  CompanionDelivery companion_delivery_{upstream_, delivery_, companion_, tables_};
};

// A lost answer of a bare send could not be looked for by its key.
TEST_F(CompanionDeliveryTest, NothingIsSentBeforeTheUpstreamHasToldItsTier) {
  const auto sequence = insert("todos", R"({"id":11,"title":"a"})");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "away"});
  drain_with_companion();
  EXPECT_EQ(calls(), std::vector<std::string>{"POST /rest/v1/rpc/holdfast_push"});
  EXPECT_EQ(upstream_.calls().at(0).body, R"({"events":[]})");
  EXPECT_EQ(state(sequence), "waiting");
  EXPECT_FALSE(entry(sequence).lost_answer);

  clock_.advance(std::chrono::hours(1));
  answer(200, R"({"version":1,"hook":true,"results":[]})");
  answer_push(applied(todo(11, "a")));
  drain_with_companion();
  EXPECT_EQ(state(sequence), "acknowledged");
}

TEST_F(CompanionDeliveryTest, SomethingBeforeTheCompanionDoesNotHoldWritesForEver) {
  insert("todos", R"({"id":11,"title":"a"})");
  for (int tries = 0; tries < 10; ++tries) {
    upstream_.push(403, "<html>blocked</html>", {{"Content-Type", "text/html"}});
    if (tries == 9) answer(201, "[" + todo(11, "a") + "]");
    drain_with_companion();
    clock_.advance(std::chrono::hours(1));
  }
  EXPECT_EQ(calls().back(), "POST /rest/v1/todos");
}

TEST_F(CompanionDeliveryTest, EntriesGoInOneCallAndEndByTheirOwnOutcomes) {
  companion_.note_found({1, true});
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  const auto second = insert("todos", R"({"id":12,"title":"b"})");
  answer_push(applied(todo(11, "a")) +
              R"(,{"status":400,"code":"23514","message":"no","details":null,"hint":null})");
  drain_with_companion();
  EXPECT_EQ(calls(), std::vector<std::string>{"POST /rest/v1/rpc/holdfast_push"});
  EXPECT_EQ(state(first), "acknowledged");
  EXPECT_EQ(state(second), "dead");
}

TEST_F(CompanionDeliveryTest, WhatTheCompanionDoesNotServeGoesWithoutIt) {
  companion_.note_found({6, true, {"accounting"}});
  const auto sequence = insert("todos", R"({"id":11,"title":"a"})");
  answer(201, "[" + todo(11, "a") + "]");
  drain_with_companion();
  EXPECT_EQ(calls(), std::vector<std::string>{"POST /rest/v1/todos"});
  EXPECT_EQ(state(sequence), "acknowledged");
}

// Hard case 6: one event with all (key, base) pairs, all or nothing.
TEST_F(CompanionDeliveryTest, AFilteredWriteOfManyRowsIsOneEvent) {
  companion_.note_found({1, true});
  std::string rows = "[";
  for (int id = 1; id <= 150; ++id) rows += (id > 1 ? "," : "") + todo(id, "a");
  sample_.put("todos", rows + "]");
  const auto sequence =
      enqueue({cache::Operation::kUpdate, "todos", "done=is.false", R"({"done":true})"});
  answer_push(R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":null})");
  drain_with_companion();
  const std::string body = upstream_.calls().at(0).body;
  std::size_t pairs = 0;
  for (auto at = body.find("\"base\""); at != body.npos; at = body.find("\"base\"", at + 1))
    ++pairs;
  EXPECT_EQ(pairs, 150U);
  EXPECT_EQ(outbox().counts(*sample_.store().reader())[State::kAcknowledged], 0);
  EXPECT_NE(state(sequence), "acknowledged");
}

// The upstream compares the columns of the first row in all of them.
TEST_F(CompanionDeliveryTest, ARowThatIsAsWantedAlreadyLeavesTheOthersCompared) {
  companion_.note_found({1, true});
  sample_.put("reviews", R"([{"id":1,"list_id":7},{"id":2,"list_id":8}])");
  enqueue({cache::Operation::kUpdate, "reviews", "id=in.(1,2)", R"({"list_id":7})"});
  answer_push(R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":null})");
  drain_with_companion();
  const std::string body = upstream_.calls().at(0).body;
  EXPECT_THAT(body, HasSubstr(R"({"key":{"id":1},"base":{"list_id":7}})"));
  EXPECT_THAT(body, HasSubstr(R"({"key":{"id":2},"base":{"list_id":8}})"));
}

TEST_F(CompanionDeliveryTest, AColumnThatIsNamedWithoutAChangeIsComparedToo) {
  companion_.note_found({1, true});
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"a","done":true})");
  answer_push(applied(todo(1, "a", "true")));
  drain_with_companion();
  EXPECT_THAT(upstream_.calls().at(0).body, HasSubstr(R"("title":"a","done":false}}])"));
}

// json keeps the spaces that somebody wrote, and not every server gives them back.
TEST_F(CompanionDeliveryTest, ARowThatIsPrintedDifferentlyThereIsToldByItsKey) {
  companion_.note_found({1, true});
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  answer_push(R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":[)" +
              todo(1, "a") + "]}");
  answer_push(R"({"status":200,"rows":[)" + todo(1, "b") + "]}");
  drain_with_companion();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(upstream_.calls().at(1).body, HasSubstr(R"("match":[{"key":{"id":1}}])"));
}

TEST_F(CompanionDeliveryTest, WhatNoKeyMeetsEitherIsNotPermitted) {
  companion_.note_found({1, true});
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  for (int i = 0; i < 2; ++i) {
    answer_push(R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":[)" +
                todo(1, "a") + "]}");
  }
  drain_with_companion();
  expect_state(sequence, "resolved");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("policies, or a trigger, do not permit"));
}

// A role that may read some columns only cannot have the row from the function.
TEST_F(CompanionDeliveryTest, ARowThatTheFunctionMayNotGiveIsReadBeforeItCountsAsGone) {
  companion_.note_found({1, true});
  sample_.put("reviews", R"({"id":1,"list_id":7})");
  const auto sequence =
      enqueue({cache::Operation::kUpdate, "reviews", "id=eq.1", R"({"list_id":9})"});
  answer_push(R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":null})");
  answer(200, R"([{"id":1,"list_id":8}])");
  drain_with_companion();
  EXPECT_EQ(state(sequence), "resolved");
  EXPECT_THAT(entry(sequence).last_error, HasSubstr("list_id was changed"));
}

// A row without a version is deleted as it was seen, or not at all.
TEST_F(CompanionDeliveryTest, ADeletionComparesEveryColumnThatItCan) {
  companion_.note_found({1, true});
  sample_.put("reviews", R"({"id":1,"list_id":7})");
  const auto sequence = erase("reviews", 1);
  answer_push(R"({"status":409,"code":"HF409","message":"a row is not as it was",)"
              R"("rows":[{"id":1,"list_id":8}]})");
  drain_with_companion();
  EXPECT_NE(upstream_.calls().at(0).body.find(R"("base":{"list_id":7})"), std::string::npos);
  EXPECT_EQ(state(sequence), "resolved");
  EXPECT_EQ(sample_.rows("reviews", {"list_id"}), R"({"list_id":8})");
}

// Hard case 7, where no version tells who has changed another column.
TEST_F(CompanionDeliveryTest, WhatATriggerMakesOfAnOwnWriteIsNoConflictOfALaterOne) {
  companion_.note_found({1, true});
  const std::string id = "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11";
  const auto note = [&](const std::string& body, int number) {
    return R"({"id":")" + id + R"(","body":")" + body + R"(","number":)" + std::to_string(number) +
           "}";
  };
  sample_.put("notes", note("a", 1));
  const auto first =
      enqueue({cache::Operation::kUpdate, "notes", "id=eq." + id, R"({"body":"b"})"});
  const auto second = enqueue({cache::Operation::kDelete, "notes", "id=eq." + id});
  answer_push(applied(note("b", 2)));
  answer_push(applied(note("b", 2)));
  drain_with_companion();
  EXPECT_THAT(upstream_.calls().at(0).body, HasSubstr(R"("base":{"body":"a","number":1})"));
  EXPECT_THAT(upstream_.calls().at(1).body, HasSubstr(R"("base":{"body":"b","number":2})"));
  EXPECT_EQ(state(first), "acknowledged");
  EXPECT_EQ(state(second), "acknowledged");
}

TEST_F(CompanionDeliveryTest, ALongValueIsNotSentAgainWithAChangeOfAnotherColumn) {
  companion_.note_found({1, true});
  const std::string id = "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11";
  const std::string start = R"({"id":")" + id + R"(","body":")" + std::string(2'000, 'x');
  sample_.put("notes", start + R"(","number":1})");
  const auto sequence =
      enqueue({cache::Operation::kUpdate, "notes", "id=eq." + id, R"({"number":2})"});
  answer_push(applied(start + R"(","number":2})"));
  drain_with_companion();
  EXPECT_THAT(upstream_.calls().at(0).body, HasSubstr(R"("base":{"number":1})"));
  EXPECT_EQ(state(sequence), "acknowledged");
}

// Others may have written between the write and the repeat that tells of it.
TEST_F(CompanionDeliveryTest, WhatARepeatShowsOfOthersIsNoBaseOfALaterWrite) {
  companion_.note_found({1, true});
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"b"})");
  upstream_.lose_answers();
  answer_push(applied(todo(1, "b")));
  drain_with_companion();
  const auto second = update("todos", 1, R"({"done":true})");
  update("todos", 1, R"({"price":3})");
  clock_.advance(std::chrono::minutes(10));
  std::string theirs = todo(1, "b");
  theirs.replace(theirs.find("12:00:00"), 8, "12:30:00");
  theirs.replace(theirs.find("\"price\":null"), 12, "\"price\":9.50");
  answer_push(R"({"status":200,"replayed":true,"rows":[)" + theirs + "]}");
  const std::string differs =
      R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":[)";
  answer_push(differs + theirs + "]}");
  drain_with_companion();
  ASSERT_GE(upstream_.calls().size(), 3U);
  EXPECT_THAT(upstream_.calls().at(2).body, HasSubstr("12:00:00")) << "it is to find out";
  EXPECT_NE(state(second), "dead");
}

// Hard case 10: another device has made the same row.
TEST_F(CompanionDeliveryTest, AnInsertThatMeetsAnEqualRowIsApplied) {
  companion_.note_found({1, true});
  const auto same = insert("todos", R"({"id":11,"title":"a"})");
  const auto other = insert("todos", R"({"id":12,"title":"b"})");
  const std::string taken = R"({"status":409,"code":"23505","details":null,"hint":null,"message":)"
                            R"("duplicate key value violates unique constraint \"todos_pkey\""})";
  answer_push(taken + "," + taken);
  answer(200, "[" + todo(11, "a", "true") + "]");
  answer(200, "[" + todo(12, "theirs") + "]");
  drain_with_companion();
  EXPECT_EQ(state(same), "acknowledged");
  EXPECT_EQ(state(other), "dead");
  EXPECT_EQ(sample_.rows("todos", {"id", "title", "done"}), R"({"id":11,"title":"a","done":true})");
}

// Hard case 12: a listed call runs through holdfast_push(), and its result is kept.
TEST_F(CompanionDeliveryTest, ACallIsAnEventAndItsResultIsKept) {
  companion_.note_found({1, true});
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  const auto call = enqueue_call("transfer", R"({"amount":12.50})");
  upstream_.lose_answers();
  const std::string result = R"({"status":200,"value":{"left":7.50}})";
  answer_push(applied(todo(11, "a")) + "," + result);
  drain_with_companion();
  EXPECT_EQ(state(call), "waiting");
  clock_.advance(std::chrono::minutes(10));
  // Fewer at a time, as the batch may have been too much; the same keys.
  answer_push(applied(todo(11, "a")));
  answer_push(result);
  drain_with_companion();
  ASSERT_EQ(upstream_.calls().size(), 3U);
  EXPECT_NE(upstream_.calls().at(2).body.find(entry(call).idempotency_key), std::string::npos);
  EXPECT_NE(upstream_.calls().at(0).body.find(
                R"("op":"call","schema":"public","function":"transfer","args":{"amount":12.50})"),
            std::string::npos);
  EXPECT_EQ(state(first), "acknowledged");
  EXPECT_EQ(state(call), "acknowledged");
  EXPECT_EQ(outbox().result_of(*sample_.store().reader(), entry(call).id), R"({"left":7.50})");
}

// Hard case 7: what an own call makes of a row is no change of somebody else's.
TEST_F(CompanionDeliveryTest, LaterWritesOfRowsThatACallMayChangeWaitForWhatItHasMade) {
  companion_.note_found({6, true});
  sample_.put("todos", todo(1, "a"));
  const auto call = enqueue_call("tidy");
  const auto later = erase("todos", 1);
  answer_push(R"({"status":200,"value":null,"before":[{"row":)" + todo(1, "a") +
              R"(}],"after":[{"row":)" + todo(1, "tidy") + "}]}");
  answer_push(applied(""));
  drain_with_companion();
  ASSERT_EQ(upstream_.calls().size(), 2U);
  EXPECT_THAT(
      upstream_.calls().at(0).body,
      HasSubstr(R"("watch":[{"schema":"public","table":"todos","match":[{"key":{"id":1}}]}])"));
  EXPECT_THAT(upstream_.calls().at(1).body, HasSubstr(R"("title":"tidy")"));
  EXPECT_EQ(state(call), "acknowledged");
  EXPECT_EQ(state(later), "acknowledged");
}

TEST_F(CompanionDeliveryTest, NothingIsSentTogetherWithAnEntryWhoseTableIsGone) {
  companion_.note_found({1, true});
  const auto lost = insert("reviews", R"({"id":8,"list_id":null})");
  const auto kept = insert("todos", R"({"id":11,"title":"a"})");
  auto fewer = cache::sample::tables();
  std::erase_if(fewer, [](const cache::Table& table) { return table.name == "reviews"; });
  sample_.reopen(std::make_shared<const cache::Catalog>(fewer, std::vector<cache::Function>{}));
  answer_push(applied(todo(11, "a")));
  drain_with_companion();
  EXPECT_EQ(calls(), std::vector<std::string>{"POST /rest/v1/rpc/holdfast_push"});
  EXPECT_THAT(entry(lost).last_error, HasSubstr("not in the upstream's schema any more"));
  EXPECT_EQ(state(kept), "acknowledged");
}

TEST_F(CompanionDeliveryTest, WithoutTheCompanionAllGoesBare) {
  companion_.note_absent();
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  answer(201, "[" + todo(11, "a") + "]");
  drain_with_companion();
  EXPECT_EQ(calls(), std::vector<std::string>{"POST /rest/v1/todos"});
  EXPECT_EQ(state(first), "acknowledged");
}

TEST_F(CompanionDeliveryTest, CompanionThatIsGoneLosesNothing) {
  companion_.note_found({1, true});
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  answer(404, error("PGRST202"));
  drain_with_companion();
  EXPECT_STREQ(companion_.tier(), "bare");
  EXPECT_EQ(state(first), "waiting");
}

// Taken away while a call was at it: of the whole, or where one event ran.
TEST_F(CompanionDeliveryTest, CompanionThatGoesInTheMiddleLosesNothing) {
  const std::string gone = error("3F000", R"(schema \"holdfast\" does not exist)");
  companion_.note_found({1, true});
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  answer(404, gone);
  drain_with_companion();
  EXPECT_STREQ(companion_.tier(), "bare");
  EXPECT_EQ(state(first), "waiting");
  companion_.note_found({1, true});
  const auto second = insert("todos", R"({"id":12,"title":"b"})");
  answer_push(R"({"status":404,"rows":null,)" + gone.substr(1));
  answer(404, gone);
  drain_with_companion();
  EXPECT_NE(state(second), "dead");
}

TEST_F(CompanionDeliveryTest, LostAnswerIsSettledBySendingTheSameKeyAgain) {
  companion_.note_found({1, true});
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  upstream_.lose_answers();
  answer_push(applied(todo(11, "a")));
  drain_with_companion();
  EXPECT_TRUE(entry(first).keyed);
  const std::string body = upstream_.calls().back().body;
  clock_.advance(std::chrono::minutes(10));
  answer_push(R"({"status":200,"replayed":true,"rows":[)" + todo(11, "a") + "]}");
  drain_with_companion();
  EXPECT_EQ(state(first), "acknowledged");
  EXPECT_EQ(upstream_.calls().back().body, body);
}

TEST_F(CompanionDeliveryTest, BatchThatTakesTooLongGoesInHalvesAtOnce) {
  companion_.note_found({1, true});
  const auto first = insert("todos", R"({"id":11,"title":"a"})");
  const auto second = insert("todos", R"({"id":12,"title":"b"})");
  answer(500, error("57014"));
  answer_push(applied(todo(11, "a")));
  answer_push(applied(todo(12, "b")));
  drain_with_companion();
  EXPECT_EQ(calls().size(), 3U);
  EXPECT_EQ(state(first), "acknowledged");
  EXPECT_EQ(state(second), "acknowledged");
}

// A half that is taken in after the other was refused knows nothing of it.
TEST_F(CompanionDeliveryTest, WhatDependsOnARefusedRowOfTheOtherHalfIsNotSent) {
  companion_.note_found({1, true});
  const auto parent = insert("lists", R"({"id":5,"title":"taken"})");
  const auto child = insert("todos", R"({"id":11,"title":"a","list_id":5})");
  const auto other = insert("todos", R"({"id":12,"title":"b"})");
  answer(500, error("57014"));
  answer_push(R"({"status":409,"code":"23505","message":"no","details":null,"hint":null})");
  answer_push(applied(todo(12, "b")));
  drain_with_companion();
  ASSERT_EQ(calls().size(), 3U);
  EXPECT_THAT(upstream_.calls().at(2).body, Not(HasSubstr("taken")));
  EXPECT_THAT(upstream_.calls().at(2).body, Not(HasSubstr(entry(child).id)));
  EXPECT_EQ(state(parent), "dead");
  EXPECT_EQ(state(other), "acknowledged");
  EXPECT_EQ(state(child), "blocked");
  EXPECT_EQ(entry(child).attempts, 0);
}

}  // namespace
}  // namespace holdfast::queue
