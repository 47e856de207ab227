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

  void discard(std::int64_t sequence) {
    sample_.write([&](cache::Transaction& transaction) {
      outbox().discard(transaction, entry(sequence), clock_.now());
    });
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

// Nobody has seen what a pull has brought under a pending write of the same column.
TEST_F(OthersTest, ALaterWriteIsBasedOnWhatWasShown) {
  const cache::Table& table = sample_.table("lists");
  sample_.put("lists", R"({"id":1,"title":"a","slot":1})");
  update("lists", 1, R"({"title":"a","slot":2})");
  sample_.write([&](cache::Transaction& transaction) {
    sample_.overlay().put_base(transaction, table, key(1),
                               cache::read_stored(table, R"({"id":1,"title":"theirs","slot":1})"));
  });
  const auto later = update("lists", 1, R"({"title":"a","slot":3})");
  auto reader = sample_.store().reader();
  EXPECT_THAT(sample_.overlay().effects(*reader, later).at(0).base.value_or("none"),
              HasSubstr(R"("title":"a")"));
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
    discard(sequence);
  }
}

// The same where no rows are asked for: PostgREST then answers without a body.
TEST_F(OthersTest, ABodyThatNobodyAskedForAcknowledgesNothing) {
  const char* portal = R"({"status":"login required"})";
  const auto sequence = insert("todos", R"({"id":30,"title":"t"})");
  answer(403, error("42501", "permission denied for table todos"));
  answer(200, portal);
  drain();
  EXPECT_EQ(state(sequence), "waiting");
  for (const char* body : {portal, ""}) {
    const auto asked = insert("todos", R"({"id":31,"title":"t"})");
    auto reader = sample_.store().reader();
    Parcel parcel{entry(asked), sample_.overlay().effects(*reader, asked)};
    parcel.asked = AskedRequest{};
    parcel.asked->method = "POST";
    parcel.asked->target = "/rest/v1/todos";
    parcel.asked->body = R"({"id":31,"title":"t"})";
    parcel.asked->headers = json();
    upstream_.push(201, body);
    if (*body == '\0') answer(200, "[]");
    const Sender sender{sample_.store(), *credentials_.current, false, clock_.now()};
    const auto receipt = delivery_.deliver(sender, {&parcel, 1}).at(0);
    EXPECT_STREQ(name_of(receipt.verdict), *body == '\0' ? "applied" : "try_again");
    discard(asked);
  }
}

// And where an app gives the rows names of its own.
TEST_F(OthersTest, AnObjectThatIsNoRowOfPostgRESTAcknowledgesNothing) {
  for (const bool object : {false, true}) {
    const auto sequence = insert("todos", R"({"id":32,"title":"t"})");
    auto reader = sample_.store().reader();
    Parcel parcel{entry(sequence), sample_.overlay().effects(*reader, sequence)};
    parcel.asked = AskedRequest{};
    parcel.asked->method = "POST";
    parcel.asked->target = "/rest/v1/todos?select=key:id";
    parcel.asked->body = R"({"id":32,"title":"t"})";
    parcel.asked->headers = {{"Prefer", "return=representation"}};
    upstream_.push(201, R"({"key":32})",
                   {{"Content-Type", object ? "application/vnd.pgrst.object+json" : "text/json"}});
    if (object) answer(200, "[]");
    const Sender sender{sample_.store(), *credentials_.current, false, clock_.now()};
    const auto receipt = delivery_.deliver(sender, {&parcel, 1}).at(0);
    EXPECT_STREQ(name_of(receipt.verdict), object ? "applied" : "try_again");
    discard(sequence);
  }
}

}  // namespace
}  // namespace holdfast::queue
