#include "routes/rate_limit.h"

#include <gtest/gtest.h>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using namespace std::chrono_literals;

class RateLimitTest : public ::testing::Test {
 protected:
  bool passes(const std::string& origin, const std::string& token = "Bearer a") {
    http::Request request{"GET", "/rest/v1/todos", {{"Authorization", token}}, ""};
    if (!origin.empty()) request.headers.add("Origin", origin);
    const auto refusal = limit_.refuse(request);
    if (refusal) {
      EXPECT_EQ(refusal->status, 429);
      EXPECT_EQ(refusal->headers.find("Retry-After"), "1");
    }
    return !refusal;
  }
  int passing(int asked, const std::string& origin, const std::string& token = "Bearer a") {
    int passed = 0;
    for (int i = 0; i < asked; ++i) passed += passes(origin, token) ? 1 : 0;
    return passed;
  }

  support::ManualClock clock_{cache::sample::noon()};
  RateLimit limit_{10, clock_};
};

TEST_F(RateLimitTest, HardCase27_AnOriginMayAskForSoMuchOfOnePrincipal) {
  EXPECT_EQ(passing(50, "https://page.example"), 20);
  clock_.advance(1s);
  EXPECT_EQ(passing(50, "https://page.example"), 10);
  clock_.advance(1h);
  EXPECT_EQ(passing(50, "https://page.example"), 20);
}

TEST_F(RateLimitTest, OtherOriginsAndPrincipalsAreCountedForThemselves) {
  EXPECT_EQ(passing(50, "https://page.example"), 20);
  EXPECT_EQ(passing(50, "https://other.example"), 20);
  EXPECT_EQ(passing(50, "https://page.example", "Bearer b"), 20);
}

TEST_F(RateLimitTest, RequestsOfNoPageAreNotCounted) { EXPECT_EQ(passing(500, ""), 500); }

TEST_F(RateLimitTest, VeryManyTokensDoNotMakeVeryManyLimits) {
  for (int i = 0; i < 1'000; ++i) passing(1, "https://page.example", std::to_string(i));
  EXPECT_EQ(passing(10, "https://page.example", "one more"), 10);
  EXPECT_EQ(passing(50, "https://page.example", "yet another"), 10);
}

// Writes that wait are limited, too.
class QueueLimitTest : public RoutesTest {};

TEST_F(QueueLimitTest, HardCase27_OneWriteMoreThanMayWaitIsNotTaken) {
  options_.queue_limit = 2;
  go_offline();
  EXPECT_EQ(rest("POST", "lists", R"({"id":1,"title":"a"})").status, 201);
  EXPECT_EQ(rest("POST", "lists", R"({"id":2,"title":"a"})").status, 201);
  const auto refused = rest("POST", "lists", R"({"id":3,"title":"a"})");
  EXPECT_EQ(refused.status, 507);
  EXPECT_NE(refused.body.find("HF507"), std::string::npos);
  EXPECT_EQ(depth(), 2);
  EXPECT_EQ(rest("GET", "lists?select=id").body, R"([{"id":1},{"id":2}])");
}

}  // namespace
}  // namespace holdfast::routes
