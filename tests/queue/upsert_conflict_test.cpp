// An upsert overwrites rows that are there; what another device has made of one since it was seen
// here, also its deletion, is a conflict as it is of an update, and not lost unlisted (hard case
// 14).

#include <gmock/gmock.h>

#include "queue/arbiter.h"
#include "queue/companion_delivery.h"
#include "queue/conflicts.h"
#include "queue/three_way.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class UpsertConflictTest : public QueueTest {
 protected:
  std::int64_t upsert(const std::string& rows) {
    return enqueue(
        {cache::Operation::kInsert, "todos", "", rows, cache::Resolution::kMergeDuplicates});
  }
  void drain_with_companion() {
    companion_.note_found({kCompanionVersion, true});
    Dispatcher(
        companion_delivery_, credentials_, options_, tables_, clock_, [this] { return random_; },
        silent_logger())
        .drain(sample_.store());
  }
  void answer_push(const std::string& result) {
    answer(200, R"({"version":10,"hook":true,"results":[)" + result + "]}");
  }
  static std::string mismatch(const std::string& rows) {
    return R"({"status":409,"code":"HF409","message":"a row is not as it was","rows":[)" + rows +
           "]}";
  }
  // "title: local" of each conflict: what collided, and who won.
  std::vector<std::string> conflicts() {
    std::vector<std::string> lines;
    auto reader = sample_.store().reader();
    for (const Conflict& conflict : Conflicts::list(*reader, std::nullopt)) {
      std::string line;
      for (const auto& column : conflict.columns) line += (line.empty() ? "" : ",") + column;
      lines.push_back(line + ": " + conflict.choice);
    }
    return lines;
  }
  void choose_local() {
    sample_.write([&](cache::Transaction& transaction) {
      auto open = Conflicts::list(transaction.database(), Conflict::State::kOpen);
      Outbox outbox(sample_.overlay());
      EXPECT_TRUE(Arbiter(outbox, tables_)
                      .resolve(transaction, open.at(0), Arbiter::Choice::kLocal, "", clock_.now()));
    });
  }
  upstream::Call call(std::size_t place) { return upstream_.calls().at(place); }

  Companion companion_;
  CompanionDelivery companion_delivery_{upstream_, delivery_, companion_, tables_};
};

TEST_F(UpsertConflictTest, GoesAsItIsWhereNobodyHasChangedWhatItNames) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[" + todo(1, "a", "true") + "]");
  answer(201, "[" + todo(1, "b", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos", "POST /rest/v1/todos"));
  EXPECT_EQ(call(1).body, R"({"id":1,"title":"b"})");
  EXPECT_THAT(conflicts(), ElementsAre());
}

TEST_F(UpsertConflictTest, ANewRowIsNotReadFirst) {
  const auto sequence = upsert(R"({"id":11,"title":"b"})");
  answer(201, "[" + todo(11, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("POST /rest/v1/todos"));
}

TEST_F(UpsertConflictTest, MergeMakesARowAnewThatIsGoneAndListsIt) {
  sample_.put("todos", todo(1, "a", "true"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[]");
  answer(201, "[" + todo(1, "b", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  // As it was seen here, and not over a row that another device makes meanwhile.
  EXPECT_THAT(call(1).body, HasSubstr(R"("title":"b","done":true)"));
  EXPECT_EQ(call(1).target.find("on_conflict"), std::string::npos);
  EXPECT_EQ(call(1).headers.find("Prefer")->find("resolution"), std::string::npos);
  EXPECT_THAT(conflicts(), ElementsAre("title: local"));
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"b"})");
}

TEST_F(UpsertConflictTest, RemoteWinsLeavesOfAnArrayWhatIsGone) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kRemoteWins;
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  const auto sequence = upsert(R"([{"id":1,"title":"A"},{"id":2,"title":"B"}])");
  answer(200, "[" + todo(2, "b") + "]");
  answer(200, "[]");
  answer(200, "[" + todo(2, "b") + "]");
  answer(201, "[" + todo(2, "B") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(upstream_.calls().back().body, R"([{"id":2,"title":"B"}])");
  EXPECT_THAT(conflicts(), ElementsAre("title: remote"));
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"B"})");
}

// Killed before it was sent, or its answer lost: of a row that is not there nothing of it stands.
TEST_F(UpsertConflictTest, ALostOneWhoseRowIsGoneIsDecidedByTheStrategy) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[" + todo(1, "a") + "]");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "away"});
  drain();
  clock_.advance(std::chrono::hours(1));
  answer(200, "[]");
  answer(201, "[" + todo(1, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(conflicts(), ElementsAre("title: local"));
}

TEST_F(UpsertConflictTest, TheCompanionComparesARowOfWhichOnlyTheKeyIsNamed) {
  sample_.put("todos", todo(1, "a"));
  sample_.put("tags", R"({"todo_id":1,"name":"x","weight":null})");
  enqueue({cache::Operation::kInsert, "tags", "", R"({"todo_id":1,"name":"x"})",
           cache::Resolution::kMergeDuplicates});
  answer_push(R"({"status":201,"rows":[{"todo_id":1,"name":"x","weight":null}]})");
  drain_with_companion();
  EXPECT_THAT(call(0).body, HasSubstr(R"("match":[{"key":{"todo_id":1,"name":"x"},"base":{}}])"));
}

TEST_F(UpsertConflictTest, APersonDecidesOfARowThatIsGone) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  sample_.put("todos", todo(1, "a", "true"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[]");
  drain();
  expect_state(sequence, "conflict");
  choose_local();
  answer(201, "[" + todo(1, "b", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(call(1).body, HasSubstr(R"("title":"b","done":true)"));
}

// What a role may write and not read is not gone because it is not shown.
TEST_F(UpsertConflictTest, ARowThatIsOnlyPresumedIsNotGone) {
  upsert(R"({"id":1,"title":"a"})");
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[]");
  answer(403, error("42501", "new row violates row-level security policy"));
  upstream_.push(201, "");
  answer(200, "[]");
  answer(403, error("42501", "new row violates row-level security policy"));
  upstream_.push(201, "");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(conflicts(), ElementsAre());
}

TEST_F(UpsertConflictTest, ARowOfATableThatMayNotBeReadAnyMoreIsNotGone) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(403, error("42501", "permission denied for table todos"));
  answer(403, error("42501", "permission denied for table todos"));
  upstream_.push(201, "");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(conflicts(), ElementsAre());
}

TEST_F(UpsertConflictTest, WhatAnotherDeviceHasChangedIsDecidedByTheStrategyAndListed) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_THAT(conflicts(), ElementsAre("title: remote"));
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"theirs"})");
}

TEST_F(UpsertConflictTest, LocalWinsIsSentWhereTheRowIsStillAsItWasRead) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kLocalWins;
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(201, "[" + todo(1, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(),
              ElementsAre("GET /rest/v1/todos", "GET /rest/v1/todos", "POST /rest/v1/todos"));
  EXPECT_EQ(call(2).body, R"({"id":1,"title":"b"})");
  EXPECT_THAT(conflicts(), ElementsAre("title: local"));
}

// An app that saves a whole row has changed one column of it.
TEST_F(UpsertConflictTest, WhatItOnlyStatesAgainDoesNotUndoWhatOthersMadeOfIt) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"a","done":true})");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(201, "[" + todo(1, "theirs", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(call(2).body, R"({"id":1,"title":"theirs","done":true})");
  EXPECT_THAT(conflicts(), ElementsAre());
}

// What it gave way in is not its own: a later write of the same form leaves it alone too.
TEST_F(UpsertConflictTest, WhatItGaveWayInIsNoBaseOfALaterOne) {
  sample_.put("todos", todo(1, "a"));
  upsert(R"({"id":1,"title":"a","done":true})");
  upsert(R"({"id":1,"title":"a","done":false})");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(201, "[" + todo(1, "theirs", "true") + "]");
  answer(200, "[" + todo(1, "theirs", "true") + "]");
  answer(200, "[" + todo(1, "theirs", "true") + "]");
  answer(201, "[" + todo(1, "theirs") + "]");
  drain();
  EXPECT_EQ(upstream_.calls().back().body, R"({"id":1,"title":"theirs","done":false})");
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"theirs"})");
}

// One statement, as its rows may refer to each other.
TEST_F(UpsertConflictTest, OfAnArrayOnlyTheChangedRowCollidesAndTheRestStaysOneWrite) {
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  upsert(R"([{"id":1,"title":"A"},{"id":2,"title":"B"},{"id":3,"title":"C"}])");
  const auto after = update("todos", 2, R"({"done":true})");
  answer(200, "[" + todo(1, "theirs") + "," + todo(2, "b") + "]");
  answer(200, "[" + todo(2, "b") + "]");
  answer(201, "[" + todo(2, "B") + "," + todo(3, "C") + "]");
  answer(200, "[" + todo(2, "B", "true") + "]");
  drain();
  EXPECT_THAT(call(0).target, Not(HasSubstr("%223%22")));
  EXPECT_EQ(call(2).body, R"([{"id":2,"title":"B"},{"id":3,"title":"C"}])");
  expect_state(after, "acknowledged");
  EXPECT_THAT(conflicts(), ElementsAre("title: remote"));
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"theirs"}{"title":"B"}{"title":"C"})");
}

// It asks the server by requests of bounded length.
TEST_F(UpsertConflictTest, ManyRowsAreReadInParts) {
  std::string rows;
  for (int id = 1; id <= 250; ++id) rows += (id > 1 ? "," : "") + todo(id, "a");
  sample_.put("todos", "[" + rows + "]");
  upsert("[" + rows + "]");
  answer(200, "[" + rows + "]");
  answer(200, "[" + rows + "]");
  answer(200, "[" + rows + "]");
  answer(201, "[" + rows + "]");
  drain();
  EXPECT_EQ(calls().back(), "POST /rest/v1/todos");
  for (std::size_t i = 0; i < 3; ++i) EXPECT_LT(call(i).target.size(), 3'000U);
}

// on_conflict=slot: it makes a row then, or meets another one.
TEST_F(UpsertConflictTest, ARowThatTheColumnsOfTheConflictFindNoMoreIsNotOvertaken) {
  const cache::Table& table = sample_.table("lists");
  const RowWrite write{
      key(1),  key(1), false, R"({"slot":1,"title":"b"})", R"({"id":1,"title":"a","slot":1})",
      {"slot"}};
  const auto overtaken = [&](const char* now) {
    return is_overtaken(table, write, cache::read_stored(table, now));
  };
  EXPECT_TRUE(is_overtaken(table, write, std::nullopt));
  EXPECT_FALSE(overtaken(R"({"id":1,"title":"a","slot":1})"));
  EXPECT_TRUE(overtaken(R"({"id":1,"title":"theirs","slot":1})"));
  EXPECT_FALSE(overtaken(R"({"id":1,"title":"theirs","slot":7})"));
}

// There is no room between it and the next entry.
TEST_F(UpsertConflictTest, OneThatAnEditHasGivenMoreRowsIsSplitToo) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  const auto sequence = upsert(R"([{"id":1,"title":"A"},{"id":2,"title":"B"}])");
  const auto next = insert("lists", R"({"id":9,"title":"next"})");
  sample_.write([&](cache::Transaction& transaction) {
    transaction.database().execute(
        "UPDATE hf_outbox SET sequence=2 WHERE sequence=" + std::to_string(next) +
        "; UPDATE hf_effects SET entry=2 WHERE entry=" + std::to_string(next));
  });
  answer(200, "[" + todo(1, "theirs") + "," + todo(2, "b") + "]");
  answer(200, "[" + todo(1, "theirs") + "]");
  answer(201, R"([{"id":9,"title":"next","slot":null}])");
  answer(200, "[" + todo(2, "b") + "]");
  answer(201, "[" + todo(2, "B") + "]");
  drain();
  expect_state(sequence, "conflict");
  expect_state(2, "acknowledged");
  expect_state(4, "acknowledged");
}

TEST_F(UpsertConflictTest, APersonDecides) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer(200, "[" + todo(1, "theirs") + "]");
  drain();
  expect_state(sequence, "conflict");
  choose_local();
  answer(200, "[" + todo(1, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(calls().back(), "PATCH /rest/v1/todos");
}

// It is compared with what the own writes before it have made of the row.
TEST_F(UpsertConflictTest, AnOwnEarlierWriteIsNoConflict) {
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"b"})");
  const auto sequence = upsert(R"({"id":1,"title":"c"})");
  answer(200, "[" + todo(1, "b") + "]");
  answer(200, "[" + todo(1, "b") + "]");
  answer(201, "[" + todo(1, "c") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(conflicts(), ElementsAre());
}

TEST_F(UpsertConflictTest, ALostOneThatHasNotArrivedOverwritesNothingEither) {
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  const auto sequence =
      upsert(R"([{"id":1,"title":"A","done":true},{"id":2,"title":"B","done":true}])");
  answer(200, "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "away"});
  drain();
  EXPECT_TRUE(entry(sequence).lost_answer);
  clock_.advance(std::chrono::hours(1));
  answer(200, "[" + todo(1, "a") + "," + todo(2, "theirs") + "]");
  answer(200, "[" + todo(1, "a") + "," + todo(2, "theirs") + "]");
  answer(201, "[" + todo(1, "A", "true") + "," + todo(2, "theirs", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(conflicts(), ElementsAre("title: merged"));
  EXPECT_EQ(sample_.rows("todos", {"title"}), R"({"title":"A"}{"title":"theirs"})");
}

TEST_F(UpsertConflictTest, TheCompanionComparesInTheSameTransaction) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"([{"id":1,"title":"b"},{"id":12,"title":"new"}])");
  answer_push(R"({"status":201,"rows":[)" + todo(1, "b") + "," + todo(12, "new") + "]}");
  drain_with_companion();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(call(0).body, HasSubstr(R"("match":[{"key":{"id":1},"base":{"title":"a"}}])"));
}

TEST_F(UpsertConflictTest, WhatTheCompanionFindsGoneIsMadeAnewAndListed) {
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  const auto sequence = upsert(R"([{"id":1,"title":"A"},{"id":2,"title":"B"}])");
  answer_push(mismatch(todo(2, "b")));
  answer_push(mismatch("") + R"(,{"status":201,"rows":[)" + todo(2, "B") + "]}");
  answer_push(R"({"status":201,"rows":[)" + todo(1, "A") + "]}");
  drain_with_companion();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(call(2).body, HasSubstr(R"("op":"insert")"));
  EXPECT_THAT(conflicts(), ElementsAre("title: local"));
}

TEST_F(UpsertConflictTest, WhatTheCompanionFindsChangedIsDecidedByTheStrategy) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b","done":true})");
  answer_push(mismatch(todo(1, "theirs")));
  answer_push(R"({"status":201,"rows":[)" + todo(1, "theirs", "true") + "]}");
  drain_with_companion();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(call(1).body, HasSubstr(R"("rows":[{"id":1,"title":"theirs","done":true}])"));
  EXPECT_THAT(call(1).body, HasSubstr(R"("base":{"done":false,"title":"theirs"})"));
  EXPECT_THAT(conflicts(), ElementsAre("title: merged"));
}

// json keeps the spaces that somebody wrote, and not every server gives them back.
TEST_F(UpsertConflictTest, ARowThatIsPrintedDifferentlyThereIsSentByItsKey) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = upsert(R"({"id":1,"title":"b"})");
  answer_push(mismatch(todo(1, "a")));
  answer_push(R"({"status":201,"rows":[)" + todo(1, "b") + "]}");
  drain_with_companion();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(call(1).body, Not(HasSubstr("match")));
}

}  // namespace
}  // namespace holdfast::queue
