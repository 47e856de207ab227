#include "gateway/upstream/connectivity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/upstream/monitored_upstream.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::upstream {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using State = Connectivity::State;

class ConnectivityTest : public ::testing::Test {
 protected:
  ConnectivityTest() {
    connectivity_.observe([this](State state) { changes_.push_back(state); });
  }
  void answered() { connectivity_.answered(clock_.monotonic()); }
  void failed(Loss loss) { connectivity_.failed(loss, clock_.monotonic()); }
  State state() const { return connectivity_.snapshot().state; }

  support::ManualClock clock_;
  Connectivity connectivity_{UpstreamOptions{}, clock_};
  std::vector<State> changes_;
};

TEST_F(ConnectivityTest, IsUnknownUntilTheFirstOutcomeAndCallsGo) {
  EXPECT_EQ(state(), State::kUnknown);
  EXPECT_TRUE(connectivity_.should_attempt());
  EXPECT_FALSE(connectivity_.last_answer().has_value());
}

TEST_F(ConnectivityTest, AnswerMeansOnlineAndIsRemembered) {
  const auto began = clock_.monotonic();
  clock_.advance(40ms);
  connectivity_.answered(began);
  EXPECT_TRUE(connectivity_.online());
  EXPECT_EQ(connectivity_.snapshot().latency, 40ms);
  EXPECT_EQ(connectivity_.snapshot().last_seen, clock_.now());
  EXPECT_EQ(connectivity_.last_answer(), clock_.monotonic());
}

TEST_F(ConnectivityTest, LatencyIsSmoothed) {
  answered();
  const auto began = clock_.monotonic();
  clock_.advance(80ms);
  connectivity_.answered(began);
  EXPECT_EQ(connectivity_.snapshot().latency, 10ms);
}

TEST_F(ConnectivityTest, CallThatNeverLeftMeansOffline) {
  answered();
  failed(Loss::kNotSent);
  EXPECT_TRUE(connectivity_.offline());
}

TEST_F(ConnectivityTest, OneLostAnswerRaisesDoubtAndTheSecondMeansOffline) {
  answered();
  failed(Loss::kAnswerLost);
  EXPECT_EQ(state(), State::kUnknown);
  EXPECT_TRUE(connectivity_.should_attempt());
  failed(Loss::kAnswerLost);
  EXPECT_EQ(state(), State::kOffline);
}

TEST_F(ConnectivityTest, LostAnswerOlderThanTheNewestAnswerSaysNothing) {
  const auto began = clock_.monotonic();
  clock_.advance(10s);
  answered();
  connectivity_.failed(Loss::kAnswerLost, began);
  EXPECT_TRUE(connectivity_.online());
}

TEST_F(ConnectivityTest, OfflineTriesAtOnceWhatFailsAtOnce) {
  failed(Loss::kNotSent);
  EXPECT_TRUE(connectivity_.should_attempt());
}

TEST_F(ConnectivityTest, OfflineLetsOneCallThroughInTenTimesWhatFailingTook) {
  const auto began = clock_.monotonic();
  clock_.advance(50ms);
  connectivity_.failed(Loss::kNotSent, began);
  clock_.advance(499ms);
  EXPECT_FALSE(connectivity_.should_attempt());
  clock_.advance(1ms);
  EXPECT_TRUE(connectivity_.should_attempt());
  EXPECT_FALSE(connectivity_.should_attempt());
}

// Behind a silent network every try would cost an app the whole timeout.
TEST_F(ConnectivityTest, OfflineLeavesTryingToTheProberWhenFailingTakesLong) {
  const auto began = clock_.monotonic();
  clock_.advance(2s);
  connectivity_.failed(Loss::kAnswerLost, began);
  connectivity_.failed(Loss::kAnswerLost, began);
  EXPECT_EQ(state(), State::kOffline);
  clock_.advance(1h);
  EXPECT_FALSE(connectivity_.should_attempt());
  answered();
  EXPECT_TRUE(connectivity_.should_attempt());
}

TEST_F(ConnectivityTest, ObserversHearEachChangeOnceAndMayAskBack) {
  connectivity_.observe([this](State state) { EXPECT_EQ(connectivity_.snapshot().state, state); });
  answered();
  answered();
  failed(Loss::kNotSent);
  failed(Loss::kNotSent);
  answered();
  EXPECT_THAT(changes_, ElementsAre(State::kOnline, State::kOffline, State::kOnline));
}

class MonitoredUpstreamTest : public ConnectivityTest {
 protected:
  support::FakeUpstream fake_;
  MonitoredUpstream upstream_{fake_, connectivity_, clock_};
};

TEST_F(MonitoredUpstreamTest, FeedsEveryOutcome) {
  fake_.push(503);
  EXPECT_TRUE(upstream_.call({}).answered());
  EXPECT_TRUE(connectivity_.online());
  fake_.set_offline(true);
  EXPECT_FALSE(upstream_.call({}).answered());
  EXPECT_TRUE(connectivity_.offline());
}

TEST_F(MonitoredUpstreamTest, OfflineCallsFailAtOnceAsNotSentWhereTryingTakesLong) {
  const auto began = clock_.monotonic();
  clock_.advance(3s);
  connectivity_.failed(Loss::kNotSent, began);
  for (int i = 0; i < 5; ++i) {
    const auto outcome = upstream_.call({});
    ASSERT_FALSE(outcome.answered());
    EXPECT_EQ(outcome.failure().loss, Loss::kNotSent);
  }
  EXPECT_EQ(fake_.refused(), 0);
}

TEST_F(MonitoredUpstreamTest, RecoveryNeedsNoProbe) {
  fake_.set_offline(true);
  EXPECT_FALSE(upstream_.call({}).answered());
  fake_.set_offline(false);
  fake_.push(200);
  clock_.advance(1s);
  EXPECT_TRUE(upstream_.call({}).answered());
  EXPECT_TRUE(connectivity_.online());
}

TEST_F(MonitoredUpstreamTest, ForcedCallIsTriedWhileOffline) {
  fake_.set_offline(true);
  EXPECT_FALSE(upstream_.call({}).answered());
  fake_.set_offline(false);
  fake_.push(200);
  Call forced;
  forced.force = true;
  EXPECT_TRUE(upstream_.call(forced).answered());
}

TEST_F(MonitoredUpstreamTest, StopReachesTheUpstream) {
  upstream_.stop();
  EXPECT_FALSE(upstream_.call({}).answered());
}

TEST_F(ConnectivityTest, WhoeverChoseToBeOfflineStaysSoWhateverAnswers) {
  answered();
  connectivity_.choose_offline();
  EXPECT_TRUE(connectivity_.offline());
  answered();
  failed(Loss::kAnswerLost);
  EXPECT_TRUE(connectivity_.offline());
  EXPECT_FALSE(connectivity_.should_attempt());
  EXPECT_TRUE(connectivity_.offline_by_choice());
  EXPECT_THAT(changes_, ElementsAre(State::kOnline, State::kOffline));
}

TEST_F(ConnectivityTest, ChoosingToBeOnlineLetsCallsGoUntilOneTells) {
  connectivity_.choose_offline();
  connectivity_.choose_online();
  EXPECT_EQ(state(), State::kUnknown);
  EXPECT_TRUE(connectivity_.should_attempt());
  answered();
  EXPECT_TRUE(connectivity_.online());
  connectivity_.choose_online();
  EXPECT_TRUE(connectivity_.online());
}

TEST_F(ConnectivityTest, NoCallGoesOutWhileOfflineByChoiceNotEvenAForcedOne) {
  support::FakeUpstream fake;
  fake.push(200);
  MonitoredUpstream monitored(fake, connectivity_, clock_);
  Call forced;
  forced.force = true;
  connectivity_.choose_offline();
  EXPECT_FALSE(monitored.call(forced).answered());
  EXPECT_TRUE(fake.calls().empty());
  connectivity_.choose_online();
  EXPECT_TRUE(monitored.call(forced).answered());
}

}  // namespace
}  // namespace holdfast::upstream
