#include "routes/answer_cache.h"

#include <gtest/gtest.h>

namespace holdfast::routes {
namespace {

class AnswerCacheTest : public ::testing::Test {
 protected:
  static AnswerCache::Question question() {
    return {std::make_shared<const ReadPlan>(), nullptr, cache::query::Form::kArray, false, 1};
  }
  static cache::query::Output output(std::size_t bytes) {
    return {std::string(bytes, 'x'), 0, 1, {}};
  }

  AnswerCache answers_{64 * 1024};
};

TEST_F(AnswerCacheTest, AnAnswerIsFoundWhileNothingHasBeenCommitted) {
  auto asked = question();
  EXPECT_FALSE(answers_.find(asked));
  answers_.keep(asked, output(100));
  ASSERT_TRUE(answers_.find(asked));
  EXPECT_EQ(answers_.find(asked)->body.size(), 100U);
  asked.version = 2;
  EXPECT_FALSE(answers_.find(asked));
}

TEST_F(AnswerCacheTest, ALaterAnswerReplacesTheEarlier) {
  auto asked = question();
  answers_.keep(asked, output(100));
  const std::size_t one = answers_.bytes();
  asked.version = 2;
  answers_.keep(asked, output(100));
  EXPECT_TRUE(answers_.find(asked));
  EXPECT_EQ(answers_.bytes(), one);
}

TEST_F(AnswerCacheTest, AnswersUsedLongestAgoGoAndTheRoomIsNeverExceeded) {
  const auto first = question();
  const auto second = question();
  answers_.keep(first, output(2000));
  answers_.keep(second, output(2000));
  for (int i = 0; i < 100; ++i) {
    EXPECT_TRUE(answers_.find(first));
    answers_.keep(question(), output(2000));
    EXPECT_LE(answers_.bytes(), 64U * 1024);
  }
  EXPECT_FALSE(answers_.find(second));
}

TEST_F(AnswerCacheTest, WhatWouldPushOutAllOthersIsNotKept) {
  const auto large = question();
  answers_.keep(large, output(60 * 1024));
  EXPECT_FALSE(answers_.find(large));
  EXPECT_EQ(answers_.bytes(), 0U);
}

}  // namespace
}  // namespace holdfast::routes
