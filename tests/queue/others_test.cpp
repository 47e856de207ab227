// Hard case 7: where others may have written a row beside an own write, that is no base of later
// own writes, which would overwrite it unseen.

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class OthersTest : public QueueTest {
 protected:
  // The base of `later` once `sequence` has ended, with this row of lists told.
  std::string base_after(std::int64_t sequence, std::int64_t later, const std::string& row,
                         cache::Others others) {
    const cache::Table& table = sample_.table("lists");
    const Entry ended = entry(sequence);
    cache::UpstreamImage image{&table, key(1), cache::read_stored(table, row)};
    image.others = others;
    sample_.write([&](cache::Transaction& transaction) {
      outbox().acknowledge(transaction, ended, {image}, clock_.now());
    });
    auto reader = sample_.store().reader();
    return sample_.overlay().effects(*reader, later).at(0).base.value_or("none");
  }
};

TEST_F(OthersTest, WhatWasReadAfterALostUpdateIsOthers) {
  const char* theirs = R"({"id":1,"title":"theirs","slot":1})";
  for (const auto others : {cache::Others::kNone, cache::Others::kAll}) {
    sample_.put("lists", R"({"id":1,"title":"a","slot":1})");
    const auto first = update("lists", 1, R"({"title":"b"})");
    const auto later = update("lists", 1, R"({"title":"c"})");
    const bool alone = others == cache::Others::kNone;
    EXPECT_THAT(base_after(first, later, theirs, others),
                HasSubstr(alone ? R"("title":"theirs")" : R"("title":"b")"));
  }
}

TEST_F(OthersTest, WhatWasReadAfterALostInsertIsOthers) {
  const auto first = insert("lists", R"({"id":1,"title":"a"})");
  const auto later = update("lists", 1, R"({"slot":2})");
  EXPECT_THAT(
      base_after(first, later, R"({"id":1,"title":"theirs","slot":9})", cache::Others::kAll),
      AllOf(HasSubstr(R"("title":"a")"), HasSubstr(R"("slot":null)")));
}

// The row may have been there; what the upsert names is as the upstream has made it.
TEST_F(OthersTest, WhatAnUpsertDoesNotNameMayBeOthers) {
  const auto first = enqueue({cache::Operation::kInsert, "lists", "", R"({"id":1,"title":"a"})",
                              cache::Resolution::kMergeDuplicates});
  const auto later = update("lists", 1, R"({"slot":2})");
  EXPECT_THAT(base_after(first, later, R"({"id":1,"title":"A","slot":9})", cache::Others::kUnnamed),
              AllOf(HasSubstr(R"("title":"A")"), HasSubstr(R"("slot":null)")));
}

// An undo: the key is no proof any more that nobody else has made the row.
TEST_F(OthersTest, ALostInsertOfAKeyThatWasHereBeforeIsNotSurelyOurs) {
  const std::string id = "8b1f0a52-51f6-4bd4-9f3b-2f4f4f9f2d11";
  const std::string theirs = R"([{"id":")" + id + R"(","body":"theirs","number":4}])";
  sample_.put("notes", theirs);
  enqueue({cache::Operation::kDelete, "notes", "id=eq." + id, ""});
  answer(200, theirs);
  drain();
  const auto again = insert("notes", R"({"id":")" + id + R"(","body":"undo"})");
  upstream_.lose_answers();
  upstream_.push(500, "");
  drain();
  clock_.advance(std::chrono::minutes(10));
  answer(409, error("23505", "duplicate key value violates unique constraint \\\"notes_pkey\\\""));
  answer(200, theirs);
  drain();
  EXPECT_EQ(state(again), "dead");
}

// Hard case 11: a portal that answers everything with its own JSON has taken nothing.
TEST_F(OthersTest, JsonThatIsNoRowOfTheTableAcknowledgesNothing) {
  int id = 20;
  for (const char* body : {R"({"status":"login required"})", "{}", R"([{"ok":true}])"}) {
    const auto sequence = insert("todos", R"({"id":)" + std::to_string(++id) + R"(,"title":"t"})");
    answer(200, body);
    drain();
    EXPECT_EQ(state(sequence), "waiting") << body;
    sample_.write([&](cache::Transaction& transaction) {
      outbox().discard(transaction, entry(sequence), clock_.now());
    });
  }
}

}  // namespace
}  // namespace holdfast::queue
