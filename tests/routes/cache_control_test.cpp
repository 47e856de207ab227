#include "routes/cache_control.h"

#include <gtest/gtest.h>

#include "routes/cache_status.h"

namespace holdfast::routes {
namespace {

using namespace std::chrono_literals;

TEST(CacheControlTest, DirectivesAreReadInAnyCaseAndOrder) {
  const auto control =
      parse_cache_control({{"cache-control", "x=1, No-Cache"}, {"Cache-Control", "max-age=60"}});
  EXPECT_TRUE(control.no_cache);
  EXPECT_EQ(control.max_age, 60s);
  EXPECT_FALSE(control.only_if_cached);
  EXPECT_TRUE(parse_cache_control({{"Cache-Control", "only-if-cached"}}).only_if_cached);
  EXPECT_TRUE(parse_cache_control({{"Cache-Control", "no-store"}}).no_store);
  EXPECT_EQ(parse_cache_control({{"Cache-Control", "max-age=\"5\""}}).max_age, 5s);
}

TEST(CacheControlTest, MalformedDirectivesArePassedOver) {
  for (const char* text : {"max-age", "max-age=", "max-age=-1", "max-age=1x", "no-cache2", ""}) {
    const auto control = parse_cache_control({{"Cache-Control", text}});
    EXPECT_FALSE(control.max_age || control.no_cache) << text;
  }
}

TEST(CacheStatusTest, AForwardedAnswerSaysWhyAndWhetherItIsKept) {
  EXPECT_EQ(forwarded_status("a \"view\"\n"), "holdfast; fwd=miss; detail=\"a \\\"view\\\"?\"");
  EXPECT_EQ(forwarded_status({ForwardReason::Kind::kStale, "old"}, 206, true),
            "holdfast; fwd=stale; fwd-status=206; stored; detail=\"old\"");
}

}  // namespace
}  // namespace holdfast::routes
