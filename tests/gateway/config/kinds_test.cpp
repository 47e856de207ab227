#include "gateway/config/kinds.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using testing::HasSubstr;

const Duration kDuration{milliseconds(1), hours(24 * 30)};

TEST(KindsTest, DurationReadsEveryUnit) {
  const std::vector<std::pair<std::string, milliseconds>> cases = {
      {"250ms", milliseconds(250)},  {"15s", milliseconds(15'000)},
      {"5m", milliseconds(300'000)}, {"2h", hours(2)},
      {"7d", hours(7 * 24)},
  };
  for (const auto& [text, expected] : cases) {
    const auto duration = kDuration.parse(text);
    ASSERT_TRUE(duration.has_value()) << text;
    EXPECT_EQ(*duration, expected) << text;
    EXPECT_EQ(kDuration.print(expected), '"' + text + '"');
  }
}

TEST(KindsTest, DurationWithoutUnitSignOrRangeIsRefused) {
  for (const char* text : {"15", "15 s", "-1s", "1.5s", "s", "", "15S", "31d", "0s",
                           "99999999999999999999s", "9223372036854775807d"}) {
    EXPECT_FALSE(kDuration.parse(std::string(text)).has_value()) << text;
  }
  EXPECT_FALSE(kDuration.parse(std::int64_t{15}).has_value());
}

TEST(KindsTest, SizeReadsEveryUnit) {
  const Size size{1, 1ULL << 40};
  EXPECT_EQ(*size.parse(std::string("10B")), 10u);
  EXPECT_EQ(*size.parse(std::string("64KiB")), 65536u);
  EXPECT_EQ(*size.parse(std::string("50MiB")), 52428800u);
  EXPECT_EQ(*size.parse(std::string("1GiB")), 1073741824u);
  EXPECT_FALSE(size.parse(std::string("1MB")).has_value());
  EXPECT_EQ(size.print(52428800u), "\"50MiB\"");
}

TEST(KindsTest, ListenTakesNamesAndBothAddressFamilies) {
  const Listen listen;
  EXPECT_EQ(listen.parse(std::string("localhost:0"))->host, "localhost");
  EXPECT_EQ(listen.parse(std::string("127.0.0.1:65535"))->port, 65535);
  EXPECT_EQ(listen.parse(std::string("[::1]:80"))->host, "::1");
  EXPECT_EQ(listen.print({"::1", 80}), "\"[::1]:80\"");
}

TEST(KindsTest, ListenRefusesWhatNamesNoPlace) {
  for (const char* text : {"localhost", ":80", "::1:80", "[]:80", "localhost:65536",
                           "localhost:", "localhost:http", "localhost:-1", "http://localhost:80"}) {
    EXPECT_FALSE(Listen().parse(std::string(text)).has_value()) << text;
  }
}

TEST(KindsTest, IntegerKeepsItsRange) {
  const Integer integer{1, 64};
  EXPECT_EQ(*integer.parse(std::int64_t{64}), 64);
  EXPECT_THAT(integer.parse(std::int64_t{65}).error().message, HasSubstr("from 1 to 64, found 65"));
  EXPECT_FALSE(integer.parse(true).has_value());
}

TEST(KindsTest, PlannedNameIsToldApartFromAnUnknownOne) {
  const Choice<int> choice{{{"now", 1}}, {"later"}};
  EXPECT_EQ(*choice.parse(std::string("now")), 1);
  EXPECT_THAT(choice.parse(std::string("later")).error().message,
              HasSubstr("not supported by this version"));
  EXPECT_EQ(choice.parse(std::string("never")).error().message,
            "expected \"now\", found \"never\"");
}

TEST(KindsTest, ListRefusesEmptyNames) {
  const TextList list;
  EXPECT_TRUE(list.parse(std::vector<std::string>{}).has_value());
  EXPECT_FALSE(list.parse(std::vector<std::string>{"a", ""}).has_value());
  EXPECT_FALSE(list.parse(std::string("a")).has_value());
}

}  // namespace
}  // namespace holdfast::config
