#include "gateway/upstream/prober.h"

#include <gtest/gtest.h>

#include <future>

#include "gateway/upstream/monitored_upstream.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::upstream {
namespace {

using namespace std::chrono_literals;

UpstreamOptions options() {
  UpstreamOptions options;
  options.anon_key = "sb_publishable_fake";
  return options;
}

class ProberTest : public ::testing::Test {
 protected:
  std::size_t probes() const { return fake_.calls().size(); }

  support::ManualClock clock_;
  support::FakeUpstream fake_;
  Connectivity connectivity_{options(), clock_};
  MonitoredUpstream upstream_{fake_, connectivity_, clock_};
  Prober prober_{upstream_, connectivity_, options(), clock_};
};

TEST_F(ProberTest, ProbesAtOnceAtTheStartWithTheKey) {
  fake_.push(404);
  EXPECT_EQ(prober_.step(), 15s);
  ASSERT_EQ(probes(), 1U);
  const auto probe = fake_.calls()[0];
  EXPECT_EQ(probe.method, "GET");
  EXPECT_EQ(probe.target, "/auth/v1/health");
  EXPECT_EQ(probe.headers.find("apikey"), "sb_publishable_fake");
  EXPECT_EQ(probe.timeout, 2s);
  EXPECT_TRUE(connectivity_.online());
}

TEST_F(ProberTest, ProbesEachIntervalWhileOffline) {
  fake_.set_offline(true);
  EXPECT_EQ(prober_.step(), 1s);
  EXPECT_TRUE(connectivity_.offline());
  clock_.advance(300ms);
  EXPECT_EQ(prober_.step(), 700ms);
  EXPECT_EQ(fake_.refused(), 1);
  clock_.advance(700ms);
  fake_.set_offline(false);
  fake_.push(200);
  EXPECT_EQ(prober_.step(), 15s);
  EXPECT_TRUE(connectivity_.online());
}

TEST_F(ProberTest, AChangeOfTheNetworkIsProbedAtOnce) {
  fake_.push(200);
  prober_.step();
  clock_.advance(100ms);
  prober_.look_now();
  fake_.set_offline(true);
  prober_.step();
  EXPECT_EQ(fake_.refused(), 1);
  EXPECT_TRUE(connectivity_.offline());
}

TEST_F(ProberTest, ProbesOnlineOnlyAfterSilence) {
  fake_.push(200);
  EXPECT_EQ(prober_.step(), 15s);
  clock_.advance(10s);
  connectivity_.answered(clock_.monotonic());
  EXPECT_EQ(prober_.step(), 15s);
  clock_.advance(14s);
  EXPECT_EQ(prober_.step(), 1s);
  EXPECT_EQ(probes(), 1U);
  clock_.advance(1s);
  fake_.push(200);
  EXPECT_EQ(prober_.step(), 15s);
  EXPECT_EQ(probes(), 2U);
}

// "Decide offline within 3 s": a call that hangs for one, and a probe of two.
TEST_F(ProberTest, ASilentUpstreamIsOfflineWithinThreeSeconds) {
  fake_.push(200);
  prober_.step();
  clock_.advance(5s);
  connectivity_.call_begins(clock_.monotonic());
  EXPECT_EQ(prober_.step(), 1s);
  clock_.advance(1s);
  fake_.push(Failure{Loss::kAnswerLost, "the upstream did not answer in time"});
  prober_.step();
  EXPECT_TRUE(connectivity_.offline());
  EXPECT_EQ(fake_.calls().back().timeout, 2s);
}

TEST_F(ProberTest, ASlowAnswerBesideOthersIsNoSilence) {
  fake_.push(200);
  prober_.step();
  connectivity_.call_begins(clock_.monotonic());
  clock_.advance(10s);
  connectivity_.answered(clock_.monotonic());
  connectivity_.failed(Loss::kAnswerLost, clock_.monotonic());
  EXPECT_FALSE(connectivity_.offline());
}

TEST_F(ProberTest, DoubtIsProbedAtOnce) {
  fake_.push(200);
  prober_.step();
  clock_.advance(5s);
  connectivity_.failed(Loss::kAnswerLost, clock_.monotonic());
  fake_.push(200);
  prober_.step();
  EXPECT_EQ(probes(), 2U);
}

TEST_F(ProberTest, ThreadProbesWhenItIsToldThatTheUpstreamIsGone) {
  std::promise<void> first;
  std::promise<void> second;
  int count = 0;
  fake_.respond_with([&](const Call&) -> Outcome {
    ++count == 1 ? first.set_value() : second.set_value();
    return Answer{};
  });
  prober_.start();
  first.get_future().wait();
  while (!connectivity_.online()) std::this_thread::yield();
  clock_.advance(5s);
  connectivity_.failed(Loss::kNotSent, clock_.monotonic());
  second.get_future().wait();
  prober_.stop();
  EXPECT_EQ(count, 2);
}

TEST_F(ProberTest, StopBeforeStartAndTwiceIsFine) {
  prober_.stop();
  prober_.stop();
  EXPECT_EQ(probes(), 0U);
}

}  // namespace
}  // namespace holdfast::upstream
