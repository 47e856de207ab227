#include "queue/retry_policy.h"

#include <gtest/gtest.h>

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;

Random fixed(double value) {
  return [value] { return value; };
}

TEST(RetryPolicyTest, TheBoundDoublesUpToTheCap) {
  const DispatcherOptions options;  // 5 s, 5 min
  const auto bound = [&](int attempts) {
    return backoff(options, attempts, std::nullopt, fixed(1.0));
  };
  EXPECT_EQ(bound(1), 5s);
  EXPECT_EQ(bound(2), 10s);
  EXPECT_EQ(bound(3), 20s);
  EXPECT_EQ(bound(6), 160s);
  EXPECT_EQ(bound(7), 300s);
  EXPECT_EQ(bound(1000), 300s);
}

TEST(RetryPolicyTest, JitterIsOverTheWholeBound) {
  const DispatcherOptions options;
  EXPECT_EQ(backoff(options, 2, std::nullopt, fixed(0.0)), 0ms);
  EXPECT_EQ(backoff(options, 2, std::nullopt, fixed(0.25)), 2500ms);
}

TEST(RetryPolicyTest, RetryAfterIsTheLeast) {
  const DispatcherOptions options;
  EXPECT_EQ(backoff(options, 1, 30s, fixed(1.0)), 30s);
  EXPECT_EQ(backoff(options, 4, 30s, fixed(1.0)), 40s);
  EXPECT_EQ(backoff(options, 9, 900s, fixed(1.0)), 900s);  // also beyond the cap
}

}  // namespace
}  // namespace holdfast::queue
