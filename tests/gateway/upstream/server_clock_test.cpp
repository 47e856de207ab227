#include "gateway/upstream/server_clock.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"

namespace holdfast::upstream {
namespace {

using namespace std::chrono_literals;

class ServerClockTest : public ::testing::Test {
 protected:
  const Timestamp noon_ = std::chrono::sys_days(std::chrono::year(2026) / 11 / 21) + 12h;
  support::ManualClock local_{noon_};
  ServerClock clock_{local_};
};

TEST_F(ServerClockTest, IsTheMachinesOwnUntilAnAnswerSaysOtherwise) {
  EXPECT_EQ(clock_.now(), noon_);
  clock_.note(noon_ + 20s);
  EXPECT_EQ(clock_.now(), noon_) << "a few seconds are no error of the machine's";
}

TEST_F(ServerClockTest, AMachineThatIsADayWrongIsNotBelieved) {
  clock_.note(noon_ + 24h);
  EXPECT_EQ(clock_.now(), noon_ + 24h);
  local_.advance(1h);
  EXPECT_EQ(clock_.now(), noon_ + 25h);
  clock_.note(noon_ - 24h);
  EXPECT_EQ(clock_.now(), noon_ - 24h);
}

TEST_F(ServerClockTest, SettingTheMachinesClockMovesNothing) {
  clock_.note(noon_);
  local_.advance(1h);
  local_.set(noon_ + 25h);
  EXPECT_EQ(clock_.now(), noon_ + 1h);
  local_.set(noon_ - 23h);
  EXPECT_EQ(clock_.now(), noon_ + 1h);
}

TEST_F(ServerClockTest, AMachineThatStartsBehindWhatIsKnownIsNotBelieved) {
  clock_.not_before(noon_ + 24h);
  EXPECT_EQ(clock_.now(), noon_ + 24h);
  local_.set(noon_ + 48h);
  EXPECT_EQ(clock_.now(), noon_ + 48h);
  clock_.note(noon_);
  EXPECT_EQ(clock_.now(), noon_);
}

}  // namespace
}  // namespace holdfast::upstream
