// Hard case 7: what an own write may have made of a row besides what it says.

#include <gmock/gmock.h>

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::HasSubstr;

class PresumedTest : public QueueTest {
 protected:
  // The trigger is one of todos.
  void use_trigger(const cache::Trigger& trigger) {
    auto tables = cache::sample::tables();
    tables[1].triggers.push_back(trigger);
    sample_.reopen(
        std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
  }
  void acknowledge(std::int64_t sequence) {
    const Entry ended = entry(sequence);
    sample_.write([&](cache::Transaction& transaction) {
      outbox().acknowledge(transaction, ended, {}, clock_.now());
    });
  }
};

// A comment raises the number of comments of its list.
TEST_F(PresumedTest, WhatATriggerOfAnOwnWriteMakesOfAnotherRowIsNoConflict) {
  const auto base_of_a_later_update = [&](const cache::Trigger& trigger) {
    use_trigger(trigger);
    sample_.put("lists", R"({"id":1,"title":"a","slot":1})");
    const auto child = insert("todos", R"({"id":11,"title":"t","list_id":1})");
    const auto later = update("lists", 1, R"({"title":"b"})");
    acknowledge(child);
    sample_.put("lists", R"({"id":1,"title":"a","slot":2})");
    const auto base = [&] {
      auto reader = sample_.store().reader();
      return sample_.overlay().effects(*reader, later).at(0).base;
    }();
    acknowledge(later);
    sample_.remove("todos", key(11));
    return base.value_or("");
  };
  EXPECT_THAT(base_of_a_later_update({"count", true, false, false, false}),
              HasSubstr(R"("slot":2)"));
  EXPECT_THAT(base_of_a_later_update({"count", false, true, false, false}),
              HasSubstr(R"("slot":1)"));
}

// A function that the app has called may have changed any row that its later writes are based on.
TEST_F(PresumedTest, WhatAnOwnCallMakesOfARowIsNoConflict) {
  sample_.put("lists", R"({"id":1,"title":"a","slot":1})");
  const auto call = enqueue_call("tidy");
  const auto later = update("lists", 1, R"({"title":"b"})");
  answer(200, R"([{"id":1,"title":"a","slot":1}])");
  answer(200, "null");
  answer(200, R"([{"id":1,"title":"tidy","slot":2}])");
  answer(200, R"([{"id":1,"title":"b","slot":2}])");
  drain();
  ASSERT_EQ(upstream_.calls().size(), 4U) << ::testing::PrintToString(calls());
  EXPECT_THAT(upstream_.calls().at(3).target, HasSubstr("title=eq.tidy"));
  EXPECT_EQ(state(call), "acknowledged");
  EXPECT_EQ(state(later), "acknowledged");
}

// What is presumed of a row is nothing that a later own write sets: others may have changed it.
TEST_F(PresumedTest, AColumnThatALaterWriteNamesKeepsWhatItWasBasedOn) {
  use_trigger({"count", true, false, false, false});
  sample_.put("lists", R"({"id":1,"title":"a","slot":1})");
  const auto child = insert("todos", R"({"id":11,"title":"t","list_id":1})");
  const auto later = update("lists", 1, R"({"title":"b"})");
  acknowledge(child);
  sample_.put("lists", R"({"id":1,"title":"theirs","slot":2})");
  auto reader = sample_.store().reader();
  EXPECT_THAT(sample_.overlay().effects(*reader, later).at(0).base.value_or(""),
              HasSubstr(R"("title":"a")"));
}

}  // namespace
}  // namespace holdfast::queue
