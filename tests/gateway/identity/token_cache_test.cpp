#include "gateway/identity/token_cache.h"

#include <gtest/gtest.h>

#include <thread>

namespace holdfast::identity {
namespace {

TokenCache::Entry entry() { return std::make_shared<KnownToken>(Claims{}); }

TEST(TokenCache, FindsWhatWasPutByItsWholeText) {
  TokenCache cache;
  const auto one = entry();
  cache.put("token one", one);
  EXPECT_EQ(cache.find("token one"), one);
  EXPECT_EQ(cache.find("token two"), nullptr);
  EXPECT_EQ(cache.find("token on"), nullptr);
}

TEST(TokenCache, ForgetsTheOldAndKeepsTheUsed) {
  TokenCache cache;
  cache.put("used", entry());
  cache.put("unused", entry());
  for (int i = 0; i < 20'000; ++i) {
    cache.put("other " + std::to_string(i), entry());
    ASSERT_NE(cache.find("used"), nullptr) << i;
  }
  EXPECT_EQ(cache.find("unused"), nullptr);
  EXPECT_EQ(cache.find("other 0"), nullptr);
}

TEST(TokenCache, IsThreadSafe) {
  TokenCache cache;
  const auto work = [&](int offset) {
    for (int i = 0; i < 5'000; ++i) {
      const auto token = std::to_string(i + offset);
      cache.put(token, entry());
      EXPECT_NE(cache.find(token), nullptr);
    }
  };
  std::thread other(work, 100);
  work(0);
  other.join();
}

}  // namespace
}  // namespace holdfast::identity
