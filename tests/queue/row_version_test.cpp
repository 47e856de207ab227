#include "queue/row_version.h"

#include <gmock/gmock.h>

#include "gateway/http/uri.h"
#include "queue/conflicts.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Two devices that send at the same time must not both find the row as it was.
class IncomparableTest : public QueueTest {
 protected:
  // The decoded target of the call number `index`.
  std::string target(std::size_t index) {
    return http::percent_decode(upstream_.calls().at(index).target);
  }
  IncomparableTest() {
    auto tables = cache::sample::tables();
    tables.push_back(cache::sample::table(
        "shelves",
        cache::sample::columns(
            {{"id", "integer", false}, {"labels", "text[]"}, {"plan", "json"}, {"place", "text"}}),
        {0}));
    sample_.reopen(std::make_shared<const cache::Catalog>(tables, std::vector<cache::Function>{},
                                                          std::vector<std::string>{"public"}));
    sample_.put("shelves", kShelf);
  }
  std::string body(std::size_t index) { return upstream_.calls().at(index).body; }
  static constexpr const char* kShelf = R"([{"id":1,"labels":["a"],"plan":{"x":1},"place":"p"}])";
  static constexpr const char* kChanged = R"([{"id":1,"labels":["b"],"plan":{"x":1},"place":"p"}])";
};

TEST_F(IncomparableTest, AnArrayIsComparedInTheRequestThatChangesIt) {
  const auto sequence = update("shelves", 1, R"({"labels":["b"]})");
  answer(200, kChanged);
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("PATCH /rest/v1/shelves"));
  EXPECT_THAT(target(0), HasSubstr("&labels=eq.{a}"));
  EXPECT_THAT(target(0), HasSubstr("&place=eq.p"));
}

TEST_F(IncomparableTest, WhereTheServerCannotCompareItTheRowIsReadBefore) {
  for (const int status : {500, 404}) {
    sample_.put("shelves", kShelf);
    upstream_.clear_calls();
    const auto sequence = update("shelves", 1, R"({"labels":["b"]})");
    answer(status, error(status == 500 ? "SUP" : "42883"));
    answer(200, kShelf);
    answer(200, kChanged);
    drain();
    expect_state(sequence, "acknowledged");
    EXPECT_THAT(calls(), ElementsAre("PATCH /rest/v1/shelves", "GET /rest/v1/shelves",
                                     "PATCH /rest/v1/shelves"));
    EXPECT_THAT(target(2), Not(HasSubstr("labels=eq")));
    EXPECT_THAT(target(2), HasSubstr("&place=eq.p"));
  }
}

// json has no equality.
TEST_F(IncomparableTest, ARowIsReadBeforeItsJsonIsChanged) {
  const auto sequence = update("shelves", 1, R"({"plan":{"x":2}})");
  answer(200, kShelf);
  answer(200, R"([{"id":1,"labels":["a"],"plan":{"x":2},"place":"p"}])");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/shelves", "PATCH /rest/v1/shelves"));
}

// A stamp that no trigger keeps says nothing of what others have changed.
TEST_F(IncomparableTest, AnUntouchedStampDoesNotStandInForWhatCannotBeCompared) {
  for (const bool kept : {false, true}) {
    auto tables = cache::sample::tables();
    tables.push_back(cache::sample::table(
        "shelves",
        cache::sample::columns({{"id", "integer", false},
                                {"plan", "json"},
                                {"updated_at", "timestamp with time zone", false, "now()"}}),
        {0}));
    if (kept) tables.back().triggers.push_back({"touch", false, true, false, true});
    sample_.reopen(std::make_shared<const cache::Catalog>(tables, std::vector<cache::Function>{}));
    const std::string shelf = R"([{"id":1,"plan":{"x":1},"updated_at":"2026-11-21T12:00:00Z"}])";
    sample_.put("shelves", shelf);
    upstream_.clear_calls();
    update("shelves", 1, R"({"plan":{"x":2}})");
    if (!kept) answer(200, shelf);
    answer(200, R"([{"id":1,"plan":{"x":2},"updated_at":"2026-11-21T12:00:00Z"}])");
    drain();
    EXPECT_EQ(calls().size(), kept ? 1U : 2U);
  }
}

// An app sends every column of a form of which a person changed one.
TEST_F(IncomparableTest, WhatIsNamedUnchangedAndCannotBeComparedIsNotSent) {
  const auto sequence = update("shelves", 1, R"({"labels":["a"],"plan":{"x":1},"place":"q"})");
  answer(200, R"([{"id":1,"labels":["theirs"],"plan":{"x":"theirs"},"place":"q"}])");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("PATCH /rest/v1/shelves"));
  EXPECT_EQ(body(0), R"({"place":"q"})");
}

// JavaScript has one number for 1.50 and 1.5, and writes json without spaces.
TEST_F(IncomparableTest, ADocumentInOtherWordsIsNoChange) {
  sample_.put("shelves", R"([{"id":1,"labels":["a"],"plan":{ "x" : 1.50 },"place":"p"}])");
  const auto sequence = update("shelves", 1, R"({"plan":{"x":1.5},"place":"q"})");
  answer(200, R"([{"id":1,"labels":["a"],"plan":{ "x" : 1.50 },"place":"q"}])");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(body(0), R"({"place":"q"})");
}

TEST_F(IncomparableTest, ARowIsReadBeforeNothingButTheSameIsSentAgain) {
  const auto sequence = update("shelves", 1, R"({"plan":{"x":1}})");
  answer(200, R"([{"id":1,"labels":["a"],"plan":{"x":"theirs"},"place":"p"}])");
  drain();
  expect_state(sequence, "resolved");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/shelves"));
}

// Notes have no version.
class RestatedTest : public QueueTest {
 protected:
  static constexpr const char* kId = "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11";
  static std::string note(const std::string& body, int number) {
    return std::string(R"({"id":")") + kId + R"(","body":")" + body + R"(","number":)" +
           std::to_string(number) + "}";
  }
  std::int64_t write(const std::string& body) {
    return enqueue({cache::Operation::kUpdate, "notes", std::string("id=eq.") + kId, body});
  }
  std::size_t conflicts() {
    auto reader = sample_.store().reader();
    return Conflicts::list(*reader, std::nullopt).size();
  }
};

TEST_F(RestatedTest, AColumnThatIsNamedWithoutAChangeStaysAsOthersMadeIt) {
  sample_.put("notes", note("a", 1));
  const auto sequence = write(R"({"body":"a","number":2})");
  answer(200, "[]");
  answer(200, "[" + note("theirs", 1) + "]");
  answer(200, "[" + note("theirs", 2) + "]");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_EQ(upstream_.calls().at(2).body, R"({"number":2})");
  EXPECT_EQ(conflicts(), 0U);
}

TEST_F(RestatedTest, AWriteBackToWhatWasSeenTakesNothingFromOthers) {
  sample_.put("notes", note("a", 1));
  const auto there = write(R"({"body":"b"})");
  const auto back = write(R"({"body":"a"})");
  for (int i = 0; i < 2; ++i) {
    answer(200, "[]");
    answer(200, "[" + note("theirs", 1) + "]");
  }
  drain();
  expect_state(there, "resolved");
  expect_state(back, "resolved");
  EXPECT_THAT(calls(), ElementsAre("PATCH /rest/v1/notes", "GET /rest/v1/notes",
                                   "PATCH /rest/v1/notes", "GET /rest/v1/notes"));
  EXPECT_EQ(conflicts(), 2U);  // neither took effect, and both are listed
}

}  // namespace
}  // namespace holdfast::queue
