#include "gateway/config/suggestion.h"

#include <gtest/gtest.h>

namespace holdfast::config {
namespace {

TEST(SuggestionTest, DistanceCountsEachSlipOnce) {
  EXPECT_EQ(edit_distance("key", "key"), 0u);
  EXPECT_EQ(edit_distance("kye", "key"), 1u);
  EXPECT_EQ(edit_distance("ky", "key"), 1u);
  EXPECT_EQ(edit_distance("keey", "key"), 1u);
  EXPECT_EQ(edit_distance("kay", "key"), 1u);
  EXPECT_EQ(edit_distance("", "key"), 3u);
}

TEST(SuggestionTest, NearestIsMeantAndFarIsNot) {
  const std::vector<std::string> known = {"upstream.url", "upstream.anon_key", "sync.interval",
                                          "cache.interval_kind"};
  EXPECT_EQ(nearest_key("upstream.anon_kye", known), "upstream.anon_key");
  EXPECT_EQ(nearest_key("upsteam.anon_key", known), "upstream.anon_key");
  EXPECT_EQ(nearest_key("pull.interval", known), "sync.interval");
  EXPECT_EQ(nearest_key("upstream.colour", known), "");
}

}  // namespace
}  // namespace holdfast::config
