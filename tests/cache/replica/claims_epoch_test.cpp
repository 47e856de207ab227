#include "cache/replica/claims_epoch.h"

#include <gtest/gtest.h>

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using namespace std::chrono_literals;

class ClaimsEpochTest : public ::testing::Test {
 protected:
  bool note(const std::string& epoch, std::chrono::seconds after) {
    return sample_.store().note_claims(epoch, sample::noon() + after);
  }
  bool unsettled() { return sample_.store().claims_unsettled(); }
  void settle() { sample_.store().settle_claims(sample_.store().claims_changes()); }

  sample::Sample sample_;
};

TEST_F(ClaimsEpochTest, TheFirstTokenSettlesItself) {
  EXPECT_FALSE(unsettled());
  EXPECT_FALSE(note("seller", 0s));
  EXPECT_FALSE(unsettled());
}

TEST_F(ClaimsEpochTest, ANewerTokenWithTheSameClaimsChangesNothing) {
  note("seller", 0s);
  EXPECT_FALSE(note("seller", 10s));
  EXPECT_FALSE(unsettled());
}

TEST_F(ClaimsEpochTest, ANewerTokenWithOtherClaimsIsUnsettledUntilTheKeysWereCompared) {
  note("seller", 0s);
  EXPECT_TRUE(note("admin", 10s));
  EXPECT_TRUE(unsettled());
  settle();
  EXPECT_FALSE(unsettled());
  EXPECT_FALSE(note("admin", 20s));
}

TEST_F(ClaimsEpochTest, AnOlderTokenDoesNotFlipItBack) {
  note("seller", 0s);
  note("admin", 10s);
  settle();
  EXPECT_FALSE(note("seller", 9s));
  EXPECT_FALSE(note("seller", 0s));
  EXPECT_FALSE(unsettled());
  EXPECT_FALSE(note("admin", 11s));
}

TEST_F(ClaimsEpochTest, AComparisonThatBeganBeforeAChangeDoesNotSettleIt) {
  note("seller", 0s);
  note("admin", 10s);
  const auto before = sample_.store().claims_changes();
  note("owner", 20s);
  sample_.store().settle_claims(before);
  EXPECT_TRUE(unsettled());
}

TEST_F(ClaimsEpochTest, WhatIsUnsettledIsSoAfterARestart) {
  note("seller", 0s);
  note("admin", 10s);
  sample_.reopen(sample::catalog());
  EXPECT_TRUE(unsettled());
  EXPECT_FALSE(note("seller", 5s));
  settle();
  EXPECT_FALSE(unsettled());
  sample_.reopen(sample::catalog());
  EXPECT_FALSE(unsettled());
  EXPECT_FALSE(note("admin", 20s));
  EXPECT_TRUE(note("seller", 30s));
}

TEST_F(ClaimsEpochTest, HardCase1_AnOlderTokenIsNotShownWhatTheNewerClaimsHaveRead) {
  note("seller", 0s);
  EXPECT_TRUE(sample_.store().reads_as("seller"));
  note("admin", 10s);
  settle();
  EXPECT_TRUE(sample_.store().reads_as("admin"));
  EXPECT_FALSE(sample_.store().reads_as("seller"));
  EXPECT_TRUE(sample_.store().reads_as("")) << "a key says nothing of claims";
}

TEST_F(ClaimsEpochTest, AnswersKeptForTheOldClaimsAreDropped) {
  sample_.write([](Transaction& transaction) {
    transaction.database().execute(
        "INSERT INTO hf_responses(key, status, headers, relations, own_writes, run,"
        " forwarded_writes, kept_at, used_at, size, body)"
        " VALUES('k', 200, '', '', 0, '', 0, 0, 0, 0, '')");
  });
  note("seller", 0s);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_responses"), 1);
  note("admin", 10s);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_responses"), 0);
}

}  // namespace
}  // namespace holdfast::cache
