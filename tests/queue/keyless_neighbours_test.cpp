#include <gmock/gmock.h>

#include <stdexcept>

#include "tests/queue/bare_keyless_fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::ElementsAre;

// A till that was offline for a day: one look and one request for each hundred sales.
class NeighboursTest : public BareKeylessTest {
 protected:
  void insert_three() {
    for (const char* name : {"a", "b", "c"}) {
      sequences_.push_back(insert_keyless("counters", R"({"name":")" + std::string(name) + "\"}"));
    }
  }
  void expect_all(const std::string& expected) {
    for (const auto sequence : sequences_) expect_state(sequence, expected);
  }

  std::vector<std::int64_t> sequences_;
};

TEST_F(NeighboursTest, TheyGoInOneRequestAndEachLearnsItsKey) {
  insert_three();
  drain();
  expect_all("acknowledged");
  EXPECT_THAT(fresh_, ElementsAre(true));
  EXPECT_EQ(looks_, 1);
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"}{"id":42,"name":"b"}{"id":43,"name":"c"})");
}

TEST_F(NeighboursTest, AfterALostAnswerEachIsLookedForByItself) {
  insert_three();
  lose_posts_ = 1;
  drain();
  expect_all("uncertain");
  clock_.advance(options_.statement_timeout);
  insert_as_somebody_else("d");
  drain();
  expect_all("acknowledged");
  EXPECT_EQ(fresh_.size(), 1U);
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"}{"id":42,"name":"b"}{"id":43,"name":"c"})");
}

TEST_F(NeighboursTest, WhatArrivedIsAdoptedAtOnce) {
  insert_three();
  lose_posts_ = 1;
  cut_ = false;
  drain();
  expect_all("acknowledged");
  EXPECT_EQ(fresh_.size(), 1U);
}

TEST_F(NeighboursTest, WhatDidNotArriveIsSentAgainAndNotDoubled) {
  insert_three();
  upstream_.push(upstream::Outcome(upstream::Answer{200, json(), "[]", {}, {}}));
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  expect_all("uncertain");
  clock_.advance(options_.statement_timeout);
  drain();
  expect_all("acknowledged");
  EXPECT_EQ(rows_.size(), 3U);
}

TEST_F(NeighboursTest, ACrashBetweenSendAndAnswerLeavesNoneBehind) {
  insert_three();
  upstream_.push(upstream::Outcome(upstream::Answer{200, json(), "[]", {}, {}}));
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    commit(call.body);
    throw std::runtime_error("killed");
  });
  EXPECT_THROW(drain(), std::runtime_error);
  upstream_.respond_with([this](const upstream::Call& call) { return respond(call); });
  sample_.write([&](cache::Transaction& transaction) {
    outbox().recover(transaction, clock_.now() + options_.statement_timeout);
  });
  expect_all("uncertain");
  clock_.advance(options_.statement_timeout);
  drain();
  expect_all("acknowledged");
  EXPECT_EQ(rows_.size(), 3U);
}

// Alone, either could be taken for the other one's row.
TEST_F(NeighboursTest, ThoseThatSayTheSameGoOneByOne) {
  insert_keyless("counters", R"({"name":"coffee"})");
  insert_keyless("counters", R"({"name":"coffee"})");
  drain();
  EXPECT_EQ(fresh_.size(), 2U);
  EXPECT_EQ(rows_.size(), 2U);
}

TEST_F(NeighboursTest, WhereATriggerMayLeaveRowsOutTheyGoOneByOne) {
  auto tables = cache::sample::tables();
  cache::Trigger trigger;
  trigger.before = true;
  trigger.on_insert = true;
  tables[5].triggers.push_back(trigger);
  sample_.reopen(
      std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{}));
  sample_.complete();
  insert_three();
  drain();
  EXPECT_EQ(fresh_.size(), 3U);
}

TEST_F(NeighboursTest, ARefusedOneStandsAlone) {
  upstream_.respond_with([this](const upstream::Call& call) -> upstream::Outcome {
    if (call.method == "POST" && call.body.find(R"("b")") != std::string::npos) {
      return upstream::Answer{400, json(), error("23514"), {}, {}};
    }
    return respond(call);
  });
  insert_three();
  drain();
  expect_state(sequences_[0], "acknowledged");
  expect_state(sequences_[1], "dead");
  expect_state(sequences_[2], "acknowledged");
  EXPECT_EQ(shown(), R"({"id":41,"name":"a"}{"id":42,"name":"c"})");
}

}  // namespace
}  // namespace holdfast::queue
