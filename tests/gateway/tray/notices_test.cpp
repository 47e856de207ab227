#include "gateway/tray/notices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::tray {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;

class NoticesTest : public ::testing::Test {
 protected:
  // The titles of what is said, after `later`.
  std::string said(GatewayStatus status, std::chrono::seconds later = 0s) {
    now_ += later;
    last_ = notices_.observe(status, now_);
    std::string titles;
    for (const Notice& notice : last_) titles += (titles.empty() ? "" : ", ") + notice.title;
    return titles;
  }
  static GatewayStatus offline(std::int64_t pending = 0) {
    return {GatewayState::kOffline, false, pending, 0, 0};
  }
  static GatewayStatus conflicts(std::int64_t count) {
    return {GatewayState::kConflict, false, count, count, 0};
  }
  static GatewayStatus refused(std::int64_t count) {
    return {GatewayState::kError, false, 0, 0, count};
  }

  MonotonicTime now_{std::chrono::hours(1)};
  Notices notices_;
  std::vector<Notice> last_;
};

TEST_F(NoticesTest, ASyncedGatewayIsSilent) {
  EXPECT_EQ(said({GatewayState::kSynced, false, 0, 0, 0}), "");
  EXPECT_EQ(said({GatewayState::kSyncing, false, 3, 0, 0}, 24h), "");
}

TEST_F(NoticesTest, AConflictIsToldOnceAndItsClickLeadsThere) {
  EXPECT_EQ(said(conflicts(1)), "Conflict");
  EXPECT_EQ(last_.front().opens, Command::kOpenConflicts);
  EXPECT_THAT(last_.front().text, HasSubstr("1 row was changed on both sides"));
  EXPECT_EQ(said(conflicts(1), 1h), "");
}

TEST_F(NoticesTest, MoreConflictsInAShortTimeAreToldTogether) {
  EXPECT_EQ(said(conflicts(1)), "Conflict");
  EXPECT_EQ(said(conflicts(2), 5s), "");
  EXPECT_EQ(said(conflicts(4), 5s), "");
  EXPECT_EQ(said(conflicts(4), 20s), "Conflict");
  EXPECT_THAT(last_.front().text, HasSubstr("3 rows were"));
}

TEST_F(NoticesTest, AConflictAfterOneThatWasDecidedIsNew) {
  EXPECT_EQ(said(conflicts(1)), "Conflict");
  EXPECT_EQ(said(conflicts(0), 10s), "");
  EXPECT_EQ(said(conflicts(1), 30s), "Conflict");
}

TEST_F(NoticesTest, ARefusedWriteIsTold) {
  EXPECT_EQ(said(refused(2)), "Write refused");
  EXPECT_EQ(last_.front().opens, Command::kOpenRefused);
  EXPECT_THAT(last_.front().text, HasSubstr("refused 2 writes"));
}

TEST_F(NoticesTest, AWriteThatMayNotHaveArrivedIsToldAndIsNoConflict) {
  GatewayStatus status{GatewayState::kError, false, 1, 0, 0};
  status.uncertain = 1;
  EXPECT_EQ(said(status), "Write to look at");
  EXPECT_EQ(last_.front().opens, Command::kOpenQueue);
  EXPECT_EQ(said(status, 1h), "");
}

TEST_F(NoticesTest, OnlyALongTimeOfflineIsToldAndOnce) {
  EXPECT_EQ(said(offline(2)), "");
  EXPECT_EQ(said(offline(2), 599s), "");
  EXPECT_EQ(said(offline(3), 1s), "Offline");
  EXPECT_THAT(last_.front().text, HasSubstr("10 minutes"));
  EXPECT_THAT(last_.front().text, HasSubstr("3 writes kept here"));
  EXPECT_EQ(said(offline(4), 24h), "");
}

TEST_F(NoticesTest, TheEndOfAToldOutageIsToldToo) {
  said(offline());
  said(offline(), 10min);
  EXPECT_EQ(said({GatewayState::kSyncing, false, 5, 0, 0}, 1s), "Online again");
  EXPECT_THAT(last_.front().text, HasSubstr("5 writes on the way"));
  EXPECT_EQ(said({GatewayState::kSynced, false, 0, 0, 0}, 1s), "");
}

TEST_F(NoticesTest, AShortOutageAndItsEndAreNotTold) {
  said(offline());
  EXPECT_EQ(said({GatewayState::kSynced, false, 0, 0, 0}, 9min), "");
  said(offline(), 1s);
  EXPECT_EQ(said(offline(), 9min), "");
}

TEST_F(NoticesTest, WhoeverChoseToBeOfflineIsNotTold) {
  const GatewayStatus chosen{GatewayState::kOffline, true, 1, 0, 0};
  EXPECT_EQ(said(chosen), "");
  EXPECT_EQ(said(chosen, 24h), "");
  EXPECT_EQ(said({GatewayState::kSynced, false, 0, 0, 0}, 1s), "");
}

TEST_F(NoticesTest, APauseDoesNotHideHowLongTheUpstreamIsAway) {
  said(offline());
  said({GatewayState::kPaused, false, 0, 0, 0}, 5min);
  EXPECT_EQ(said(offline(), 5min), "Offline");
}

}  // namespace
}  // namespace holdfast::tray
