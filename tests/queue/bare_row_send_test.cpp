#include "queue/bare_row_send.h"

#include <gmock/gmock.h>

#include "gateway/http/uri.h"
#include "queue/conflicts.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class BareRowSendTest : public QueueTest {
 protected:
  std::string shown() { return sample_.rows("todos", {"id", "title", "done"}); }
  // The decoded target of the call number `index`.
  std::string target(std::size_t index) {
    return http::percent_decode(upstream_.calls().at(index).target);
  }
  static std::string at(const std::string& time, const std::string& title,
                        const std::string& done = "false") {
    std::string row = todo(1, title, done);
    return row.replace(row.find("12:00:00"), 8, time);
  }
  std::vector<Conflict> conflicts() {
    auto reader = sample_.store().reader();
    return Conflicts::list(*reader, std::nullopt);
  }
};

TEST_F(BareRowSendTest, AnUpdateTakesEffectOnlyOnTheRowItWasBasedOn) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  answer(200, "[" + todo(1, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(target(0), HasSubstr("id=eq.1"));
  EXPECT_THAT(target(0), HasSubstr("&updated_at=eq.2026-11-21 12:00:00+00"));
  EXPECT_THAT(target(0), HasSubstr("&title=eq.a"));
  EXPECT_THAT(target(0), Not(HasSubstr("done=eq")));
}

TEST_F(BareRowSendTest, AColumnThatIsNamedWithoutAChangeIsAConditionToo) {
  sample_.put("todos", todo(1, "a"));
  update("todos", 1, R"({"title":"a","done":true})");
  answer(200, "[" + todo(1, "a", "true") + "]");
  drain();
  EXPECT_THAT(target(0), HasSubstr("&title=eq.a"));
}

TEST_F(BareRowSendTest, TheConfiguredVersionIsTheCondition) {
  tables_.table_options["todos"].version_column = "list_id";
  sample_.put("todos", todo(1, "a", "false", "7"));
  update("todos", 1, R"({"title":"b","price":3})");
  answer(200, "[" + todo(1, "b") + "]");
  drain();
  EXPECT_THAT(target(0), HasSubstr("&list_id=eq.7"));
  EXPECT_THAT(target(0), HasSubstr("&price=is.null"));
}

TEST_F(BareRowSendTest, ADeletionCarriesEveryVersion) {
  sample_.put("todos", todo(1, "a"));
  erase("todos", 1);
  answer(200, "[" + todo(1, "a") + "]");
  drain();
  EXPECT_THAT(target(0), HasSubstr("&updated_at=eq."));
  EXPECT_EQ(shown(), "");
}

// Not every application raises its version.
TEST_F(BareRowSendTest, ADeletionCarriesWhatTheOtherColumnsWere) {
  sample_.put("todos", todo(1, "a"));
  sample_.put("reviews", R"({"id":1,"list_id":7})");
  erase("todos", 1);
  erase("reviews", 1);
  answer(200, "[" + todo(1, "a") + "]");
  answer(200, R"([{"id":1,"list_id":7}])");
  drain();
  EXPECT_THAT(target(0), HasSubstr("&title=eq.a"));
  EXPECT_THAT(target(0), HasSubstr("&done=eq.false"));
  // All that it says: there is nothing to read before.
  EXPECT_THAT(calls(), ElementsAre("DELETE /rest/v1/todos", "DELETE /rest/v1/reviews"));
  EXPECT_THAT(target(1), HasSubstr("&list_id=eq.7"));
}

// Hard case 13.
TEST_F(BareRowSendTest, ALostDeletionWithoutAnyVersionIsForAPerson) {
  sample_.put("reviews", R"({"id":1,"list_id":null})");
  const auto sequence = erase("reviews", 1);
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  clock_.advance(10min);
  answer(200, R"([{"id":1,"list_id":null}])");
  drain();
  expect_state(sequence, "uncertain");
}

// Hard case 7.
TEST_F(BareRowSendTest, OnesOwnEarlierWriteIsNoConflict) {
  sample_.put("todos", todo(1, "a"));
  const auto first = update("todos", 1, R"({"title":"b"})");
  const auto second = update("todos", 1, R"({"done":true})");
  answer(200, "[" + at("12:30:00", "b") + "]");
  answer(200, "[" + at("12:31:00", "b", "true") + "]");
  drain();
  expect_state(first, "acknowledged");
  expect_state(second, "acknowledged");
  EXPECT_THAT(target(1), HasSubstr("&updated_at=eq.2026-11-21 12:30:00+00"));
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(BareRowSendTest, APresumedRowIsReadBeforeItIsWrittenUnderACondition) {
  insert("todos", R"({"id":1,"title":"a"})");
  answer(403, error("42501", "permission denied for table todos"));
  upstream_.push(201, "");
  drain();
  upstream_.clear_calls();
  const auto second = update("todos", 1, R"({"title":"b"})");
  answer(200, "[" + at("12:30:00", "a") + "]");
  answer(200, "[" + at("12:31:00", "b") + "]");
  drain();
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos", "PATCH /rest/v1/todos"));
  EXPECT_THAT(target(1), HasSubstr("&updated_at=eq.2026-11-21 12:30:00+00"));
  expect_state(second, "acknowledged");
}

TEST_F(BareRowSendTest, AnotherColumnChangedMeanwhileIsMergedWithoutAConflict) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  const auto key = entry(sequence).idempotency_key;
  answer(200, "[]");
  answer(200, "[" + at("12:30:00", "a", "true") + "]");
  answer(200, "[" + at("12:31:00", "b", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(shown(), R"({"id":1,"title":"b","done":true})");
  EXPECT_TRUE(conflicts().empty());
  EXPECT_NE(entry(sequence).idempotency_key, key) << "it says something else now";
}

TEST_F(BareRowSendTest, AColumnChangedOnBothSidesIsKeptAsAConflict) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"ours","done":true})");
  answer(200, "[]");
  answer(200, "[" + at("12:30:00", "theirs") + "]");
  answer(200, "[" + at("12:31:00", "theirs", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(upstream_.calls().at(2).body, R"({"done":true})");
  EXPECT_EQ(shown(), R"({"id":1,"title":"theirs","done":true})");
  ASSERT_EQ(conflicts().size(), 1U);
  const Conflict conflict = conflicts().front();
  EXPECT_EQ(conflict.state, Conflict::State::kResolved);
  EXPECT_EQ(conflict.resolved_by, "policy");
  EXPECT_EQ(conflict.choice, "merged");
  EXPECT_THAT(conflict.columns, ElementsAre("title"));
  EXPECT_THAT(conflict.local.value(), HasSubstr("ours"));
  EXPECT_THAT(conflict.remote.value(), HasSubstr("theirs"));
  EXPECT_THAT(conflict.base.value(), HasSubstr(R"("title":"a")"));
  EXPECT_TRUE(conflict.remote_at);
}

// What others did before is news to the later write too.
TEST_F(BareRowSendTest, ALaterWriteOfTheRowMeetsTheSameConflict) {
  sample_.put("todos", todo(1, "a"));
  const auto first = update("todos", 1, R"({"done":true})");
  const auto second = update("todos", 1, R"({"title":"ours"})");
  answer(200, "[]");
  answer(200, "[" + at("12:30:00", "theirs") + "]");
  answer(200, "[" + at("12:31:00", "theirs", "true") + "]");
  answer(200, "[]");  // because the title is not "a" any more
  answer(200, "[" + at("12:31:00", "theirs", "true") + "]");
  drain();
  expect_state(first, "acknowledged");
  expect_state(second, "resolved");
  EXPECT_EQ(shown(), R"({"id":1,"title":"theirs","done":true})");
  EXPECT_EQ(conflicts().size(), 1U);
}

// The answer to the earlier write shows what others did to other columns. Nobody here has seen it.
TEST_F(BareRowSendTest, WhatAnAnswerShowsOfOthersIsNoBaseOfALaterWrite) {
  sample_.put("todos", todo(1, "a"));
  const auto first = update("todos", 1, R"({"done":true})");
  const auto second = update("todos", 1, R"({"title":"ours"})");
  // Nobody raises the version, so the first goes through.
  answer(200, "[" + todo(1, "theirs", "true") + "]");
  answer(200, "[]");
  answer(200, "[" + todo(1, "theirs", "true") + "]");
  drain();
  EXPECT_THAT(target(1), HasSubstr("&title=eq.a"));
  expect_state(first, "acknowledged");
  expect_state(second, "resolved");
  EXPECT_EQ(shown(), R"({"id":1,"title":"theirs","done":true})");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_THAT(conflicts().front().columns, ElementsAre("title"));
}

TEST_F(BareRowSendTest, ADeletionAfterAnOwnWriteMeetsWhatOthersDidBefore) {
  sample_.put("todos", todo(1, "a"));
  const auto first = update("todos", 1, R"({"title":"b"})");
  const auto second = erase("todos", 1);
  answer(200, "[]");
  answer(200, "[" + at("12:30:00", "a", "true") + "]");  // done is theirs
  answer(200, "[" + at("12:31:00", "b", "true") + "]");
  answer(200, "[]");
  answer(200, "[" + at("12:31:00", "b", "true") + "]");
  drain();
  EXPECT_THAT(target(3), HasSubstr("&updated_at=eq.2026-11-21 12:00:00+00"));
  expect_state(first, "acknowledged");
  expect_state(second, "resolved");
  EXPECT_EQ(shown(), R"({"id":1,"title":"b","done":true})");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_EQ(conflicts().front().operation, "delete");
  EXPECT_THAT(conflicts().front().columns, ElementsAre("done"));
}

// The own earlier write that was to make the row has ended otherwise: the strategy has no say, as a
// part of a row would be made, or another's row be taken.
TEST_F(BareRowSendTest, AWriteOfARowThatWasNeverSeenKeepsWhatItSaysInTheConflict) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kLocalWins;
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"ours"})");
  sample_.write([](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_effects SET base=NULL");
  });
  answer(200, "[]");
  drain();
  expect_state(sequence, "resolved");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_EQ(conflicts().front().local, R"({"title":"ours","id":1})");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/todos"));
}

class BareNoteTest : public BareRowSendTest {
 protected:
  static constexpr const char* kId = "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11";
  // Notes have no version.
  static std::string note(const std::string& body, int number) {
    return std::string(R"({"id":")") + kId + R"(","body":")" + body + R"(","number":)" +
           std::to_string(number) + "}";
  }
  std::int64_t write(cache::Operation operation, const std::string& body = "{}") {
    return enqueue({operation, "notes", std::string("id=eq.") + kId, body});
  }
};

// Hard case 7: without a version, the condition tells whose change of another column it was.
TEST_F(BareNoteTest, WhatATriggerMakesOfAnOwnWriteIsNoConflictOfALaterOne) {
  sample_.put("notes", note("a", 1));
  const auto first = write(cache::Operation::kUpdate, R"({"body":"b"})");
  const auto second = write(cache::Operation::kDelete);
  answer(200, "[" + note("b", 2) + "]");
  answer(200, "[" + note("b", 2) + "]");
  drain();
  EXPECT_THAT(target(0), HasSubstr("&body=eq.a&number=eq.1"));
  EXPECT_THAT(target(1), HasSubstr("&body=eq.b&number=eq.2"));
  expect_state(first, "acknowledged");
  expect_state(second, "acknowledged");
  EXPECT_TRUE(conflicts().empty());
}

TEST_F(BareNoteTest, WhatOthersMadeOfTheRowBeforeIsStillAConflictOfALaterOne) {
  sample_.put("notes", note("a", 1));
  const auto first = write(cache::Operation::kUpdate, R"({"body":"b"})");
  const auto second = write(cache::Operation::kDelete);
  answer(200, "[]");
  answer(200, "[" + note("a", 7) + "]");  // the number is theirs
  answer(200, "[]");                      // so it does not meet the condition
  answer(200, "[" + note("b", 7) + "]");
  answer(200, "[]");
  answer(200, "[" + note("b", 7) + "]");
  drain();
  EXPECT_THAT(target(3), Not(HasSubstr("number=eq")));
  EXPECT_THAT(target(4), HasSubstr("&body=eq.b&number=eq.1"));
  expect_state(first, "acknowledged");
  expect_state(second, "resolved");
  ASSERT_EQ(conflicts().size(), 1U);
  EXPECT_THAT(conflicts().front().columns, ElementsAre("number"));
}

TEST_F(BareNoteTest, AColumnThatCannotBeComparedDoesNotRefuseTheWrite) {
  sample_.put("notes", note("a", 1));
  const auto sequence = write(cache::Operation::kUpdate, R"({"body":"b"})");
  answer(404, error("42883", "operator does not exist"));
  answer(200, "[" + note("b", 1) + "]");
  drain();
  EXPECT_THAT(target(1), Not(HasSubstr("number=eq")));
  expect_state(sequence, "acknowledged");
}

TEST_F(BareRowSendTest, LocalWinsMakesARowAgainThatIsGone) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kLocalWins;
  sample_.put("todos", todo(1, "a", "true"));
  const auto sequence = update("todos", 1, R"({"title":"ours"})");
  answer(200, "[]");
  answer(200, "[]");
  answer(201, "[" + todo(1, "ours", "true") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(),
              ElementsAre("PATCH /rest/v1/todos", "GET /rest/v1/todos", "POST /rest/v1/todos"));
  EXPECT_THAT(upstream_.calls().at(2).body, HasSubstr(R"("title":"ours","done":true)"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"ours","done":true})");
}

TEST_F(BareRowSendTest, AManualConflictWaitsAndSoDoTheRowsLaterWrites) {
  tables_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  const auto asks = update("todos", 1, R"({"title":"ours"})");
  const auto later = update("todos", 1, R"({"done":true})");
  const auto other = update("todos", 2, R"({"title":"c"})");
  answer(200, "[]");
  answer(200, "[" + at("12:30:00", "theirs") + "]");
  answer(200, "[" + todo(2, "c") + "]");
  drain();
  expect_state(asks, "conflict");
  expect_state(later, "blocked");
  expect_state(other, "acknowledged");
  EXPECT_EQ(conflicts().at(0).state, Conflict::State::kOpen);
}

// Hard case 6.
TEST_F(BareRowSendTest, AWriteOfSeveralRowsIsSentRowByRowEachWithItsOwnKey) {
  sample_.put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "," + todo(3, "c") + "]");
  const auto all = enqueue({cache::Operation::kUpdate, "todos", "id=gt.0", R"({"done":true})"});
  const auto after = insert("todos", R"({"id":4,"title":"d"})");
  answer(200, "[" + todo(1, "a", "true") + "]");
  answer(200, "[]");  // somebody else has deleted it
  answer(200, "[]");
  answer(200, "[" + todo(3, "c", "true") + "]");
  answer(201, "[" + todo(4, "d") + "]");
  drain();
  expect_state(all, "acknowledged");
  expect_state(all + 1, "resolved");
  expect_state(all + 2, "acknowledged");
  expect_state(after, "acknowledged");
  EXPECT_EQ(entry(all + 2).parent, entry(all).id);
  EXPECT_NE(entry(all + 2).idempotency_key, entry(all).idempotency_key);
  EXPECT_THAT(calls(),
              ElementsAre("PATCH /rest/v1/todos", "PATCH /rest/v1/todos", "GET /rest/v1/todos",
                          "PATCH /rest/v1/todos", "POST /rest/v1/todos"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":true}{"id":3,"title":"c","done":true})"
                     R"({"id":4,"title":"d","done":false})");
}

// A role may change a row and not have it back: that nothing was changed is seen all the same.
TEST_F(BareRowSendTest, AChangeThatMeetsNoRowIsNoticedWhereNoRowsAreGivenBack) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"title":"ours"})");
  answer(403, error("42501", "permission denied for table todos"));
  upstream_.push(204, "", {{"Content-Range", "*/0"}});
  answer(200, "[" + at("12:30:00", "theirs") + "]");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_EQ(conflicts().size(), 1U);
  EXPECT_EQ(upstream_.calls().at(1).headers.find("Prefer"), "return=minimal, count=exact");
}

TEST_F(BareRowSendTest, AServerThatCannotReadAFormerValueIsToldTheKeyAlone) {
  sample_.put("todos", todo(1, "true"));
  const auto sequence = update("todos", 1, R"({"title":"b"})");
  answer(404, error("42883", "operator does not exist: text = boolean"));
  answer(200, "[" + todo(1, "true") + "]");
  answer(200, "[" + todo(1, "b") + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(),
              ElementsAre("PATCH /rest/v1/todos", "GET /rest/v1/todos", "PATCH /rest/v1/todos"));
  EXPECT_THAT(target(2), Not(HasSubstr("title=eq")));
}

// Of what it named nothing can be compared any more.
TEST_F(BareRowSendTest, ALostUpdateOfAColumnThatIsDroppedSinceHasNotArrivedForSure) {
  sample_.put("todos", todo(1, "a"));
  const auto sequence = update("todos", 1, R"({"price":5})");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  auto tables = cache::sample::tables();
  tables[1].columns.erase(tables[1].columns.begin() + 4);
  sample_.reopen(
      std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
  clock_.advance(10min);
  const std::string row = R"({"id":1,"list_id":null,"title":"a","done":false,)"
                          R"("updated_at":"2026-11-21T12:00:00+00:00"})";
  answer(200, "[" + row + "]");
  answer(400, error("PGRST204", "Could not find the 'price' column"));
  drain();
  EXPECT_NE(state(sequence), "acknowledged");
  EXPECT_NE(state(sequence), "resolved");
}

}  // namespace
}  // namespace holdfast::queue
