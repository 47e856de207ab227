#include "queue/companion_delivery.h"

#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

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

TEST_F(CompanionDeliveryTest, WithoutTheCompanionAllGoesBare) {
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

}  // namespace
}  // namespace holdfast::queue
