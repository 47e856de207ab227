#include "cache/pull/puller.h"

#include "tests/cache/pull/fixture.h"

namespace holdfast::cache {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(PullerTest, TheFirstSyncReadsAllPagesWhateverTheUpstreamsOwnLimit) {
  for (int id = 1; id <= 25; ++id) todos_.put(todo(id, "a"));
  todos_.max_rows = 4;
  EXPECT_EQ(status(), TableStatus::kSyncing);
  pull_well();
  EXPECT_EQ(status(), TableStatus::kComplete);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\""), 25);
}

TEST_F(PullerTest, ATableIsNotCompleteBeforeItsLastPage) {
  for (int id = 1; id <= 9; ++id) todos_.put(todo(id, "a"));
  options_.page_rows = 3;
  before_answer_ = [&](const upstream::Call& call) {
    if (call.target.starts_with("/rest/v1/todos")) {
      EXPECT_EQ(status(), TableStatus::kSyncing);
    }
  };
  pull_well();
  EXPECT_EQ(status(), TableStatus::kComplete);
}

TEST_F(PullerTest, AnInterruptedFirstSyncGoesOnWhereItWas) {
  for (int id = 1; id <= 9; ++id) todos_.put(todo(id, "a"));
  options_.page_rows = 3;
  int left = 3;  // the page without an order, then two pages
  before_answer_ = [&](const upstream::Call&) {
    if (left-- == 0) failure_ = upstream::Failure{upstream::Loss::kNotSent, "away"};
  };
  EXPECT_FALSE(pull().reached);
  EXPECT_EQ(status(), TableStatus::kSyncing);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\""), 6);

  sample_.reopen();
  before_answer_ = nullptr;
  failure_.reset();
  upstream_.clear_calls();
  pull_well();
  EXPECT_EQ(status(), TableStatus::kComplete);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\""), 9);
  EXPECT_THAT(target(0), HasSubstr("id.gt.\"6\""));
}

// Promise 6: what happened to the first pages between the two halves.
TEST_F(PullerTest, ARowChangedOrDeletedWhileTheFirstSyncRestedIsNotMissed) {
  for (int id = 1; id <= 9; ++id) todos_.put(todo(id, "a"));
  options_.page_rows = 3;
  int left = 3;
  before_answer_ = [&](const upstream::Call&) {
    if (left-- == 0) failure_ = upstream::Failure{upstream::Loss::kNotSent, "away"};
  };
  pull();
  before_answer_ = nullptr;
  failure_.reset();
  todos_.put(todo(1, "changed", "2026-11-21T12:30:00+00:00"));
  todos_.rows.erase(2);
  todos_.put(todo(9, "newest", "2026-11-21T13:59:00+00:00"));
  clock_.advance(2h);
  todos_.date = clock_.now();
  pull_well();
  pull_well();
  EXPECT_THAT(shown(), ::testing::StartsWith(R"({"id":1,"title":"changed"}{"id":3,)"));
}

TEST_F(PullerTest, ChangesAreReadFromTheCursorMinusTheOverlap) {
  todos_.put(todo(1, "a", "2026-11-21T11:00:00+00:00"));
  todos_.put(todo(2, "b", "2026-11-21T11:30:00+00:00"));
  pull_well();
  todos_.put(todo(3, "c", "2026-11-21T11:29:30+00:00"));  // committed late, within the minute
  todos_.put(todo(1, "changed", "2026-11-21T11:40:00+00:00"));
  upstream_.clear_calls();
  pull_well();
  EXPECT_EQ(shown(), R"({"id":1,"title":"changed"}{"id":2,"title":"b"}{"id":3,"title":"c"})");
  EXPECT_THAT(target(0), HasSubstr("updated_at=gte.2026-11-21 11:29:00"));
}

// Hard case 19.
TEST_F(PullerTest, AClockThatRunsAheadDoesNotCarryTheCursorAway) {
  todos_.put(todo(1, "from the future", "2031-01-01T00:00:00+00:00"));
  pull_well();
  todos_.put(todo(2, "now", "2026-11-21T12:00:05+00:00"));
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"now\""));
}

TEST_F(PullerTest, WhatIsWrittenAfterTheUpstreamsClockWasSetBackIsNotMissed) {
  todos_.put(todo(1, "a", "2026-11-21T11:59:00+00:00"));
  pull_well();
  todos_.put(todo(1, "b", "2026-11-20T11:00:00+00:00"));
  todos_.put(todo(2, "new", "2026-11-20T11:00:00+00:00"));
  todos_.date = clock_.now() - std::chrono::hours(24);
  pull_well();
  pull_well();
  EXPECT_EQ(shown(), R"({"id":1,"title":"b"}{"id":2,"title":"new"})");
}

TEST_F(PullerTest, ManyChangesWithOneStampAreReadInPages) {
  todos_.put(todo(1, "a"));
  pull_well();
  for (int id = 1; id <= 20; ++id) todos_.put(todo(id, "bulk", "2026-11-21T11:30:00+00:00"));
  todos_.max_rows = 6;
  pull_well();
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\" WHERE title='bulk'"), 20);
}

TEST_F(PullerTest, AComparisonOfKeysFindsWhatWentAndWhatCame) {
  for (int id = 1; id <= 4; ++id) todos_.put(todo(id, "a"));
  pull_well();
  todos_.rows.erase(2);
  todos_.put(todo(7, "gained", "2020-01-01T00:00:00+00:00"));    // by a policy: an old row
  todos_.put(todo(3, "set back", "2020-01-01T00:00:00+00:00"));  // an app sent its own stamp
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"id\":2"));
  pull_well(PullDepth::kKeys);
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"}{"id":3,"title":"set back"})"
                     R"({"id":4,"title":"a"}{"id":7,"title":"gained"})");
}

TEST_F(PullerTest, EveryTwentiethPullComparesKeys) {
  todos_.put(todo(1, "a"));
  todos_.put(todo(2, "b"));
  pull_well();
  todos_.rows.erase(2);
  for (int pulls = 2; pulls <= 20; ++pulls) {
    pull_well();
    ASSERT_THAT(shown(), HasSubstr("\"id\":2")) << pulls;
  }
  pull_well();
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"})");
}

TEST_F(PullerTest, AComparisonDeletesNoRowThatIsStillOnItsWayUp) {
  todos_.put(todo(1, "a"));
  pull_well();
  insert(1, todo(5, "mine"), 5);
  write_title(2, 1, "changed here");
  pull_well(PullDepth::kKeys);
  EXPECT_EQ(shown(), R"({"id":1,"title":"changed here"}{"id":5,"title":"mine"})");
}

TEST_F(PullerTest, RowsReadByKeyAreNotTakenForGoneWhenTheUpstreamGivesFewer) {
  for (int id = 1; id <= 90; ++id) todos_.put(todo(id, "a"));
  pull_well();
  for (int id = 1; id <= 90; ++id) todos_.put(todo(id, "b", "2020-01-01T00:00:00+00:00"));
  todos_.max_rows = 20;
  pull_well(PullDepth::kKeys);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\" WHERE title='b'"), 90);
}

TEST_F(PullerTest, ATableWithoutAStampIsReadWhole) {
  reviews_.put(R"({"id":1,"list_id":1})");
  reviews_.put(R"({"id":2,"list_id":1})");
  pull_well();
  reviews_.put(R"({"id":1,"list_id":9})");
  reviews_.rows.erase(2);
  pull_well();
  EXPECT_EQ(sample_.rows("reviews", {"id", "list_id"}), R"({"id":1,"list_id":9})");
}

// Hard case 8: a page asked for at t0, our write acknowledged at t1, the page applied at t2.
TEST_F(PullerTest, APageAskedForBeforeAnAcknowledgementDoesNotUndoIt) {
  todos_.put(todo(1, "old"));
  pull_well();
  write_title(1, 1, "mine");
  bool first = true;
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    const upstream::Outcome answer = respond(call);
    if (std::exchange(first, false)) {
      todos_.put(todo(1, "mine", "2026-11-21T11:50:00+00:00"));
      acknowledge(1, 1, todo(1, "mine", "2026-11-21T11:50:00+00:00"));
    }
    return answer;
  });
  pull_well();
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine"})");
}

TEST_F(PullerTest, AnAcknowledgedDeletionIsNotUndoneByAnOlderPage) {
  todos_.put(todo(1, "old", "2026-11-21T11:59:50+00:00"));
  pull_well();
  bool first = true;
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    const upstream::Outcome answer = respond(call);
    if (std::exchange(first, false)) {
      todos_.rows.erase(1);
      acknowledge_deletion(1, 1);
    }
    return answer;
  });
  pull_well();
  EXPECT_EQ(shown(), "");
}

TEST_F(PullerTest, AnAcknowledgedInsertIsNotDeletedByAnOlderKeySet) {
  todos_.put(todo(1, "a"));
  pull_well();
  insert(1, todo(5, "mine"), 5);
  int calls = 0;
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    const upstream::Outcome answer = respond(call);
    if (call.target.starts_with("/rest/v1/todos") && ++calls == 2) {
      todos_.put(todo(5, "mine"));
      acknowledge(1, 5, todo(5, "mine"));
    }
    return answer;
  });
  pull_well(PullDepth::kKeys);
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"}{"id":5,"title":"mine"})");
}

// Hard case 7.
TEST_F(PullerTest, APresumedRowIsReadAgainByItsKey) {
  todos_.put(todo(1, "a"));
  pull_well();
  write_title(1, 1, "mine");
  sample_.write(
      [&](Transaction& transaction) { sample_.overlay().acknowledge(transaction, 1, {}); });
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine"})");
  todos_.put(todo(1, "Mine, by a trigger", "2019-01-01T00:00:00+00:00"));
  pull_well();
  EXPECT_EQ(shown(), R"({"id":1,"title":"Mine, by a trigger"})");
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_rereads"), 0);
}

TEST_F(PullerTest, ADeniedTableShowsNothingAndIsAnsweredAsTheUpstreamDid) {
  todos_.put(todo(1, "a"));
  pull_well();
  insert(1, todo(5, "mine"), 5);
  const std::string body = R"({"code":"42501","message":"permission denied for table todos"})";
  fail(401, body);
  pull();
  EXPECT_EQ(status(), TableStatus::kDenied);
  EXPECT_EQ(sample_.store().denial(sample_.table("todos")).status, 401);
  EXPECT_EQ(sample_.store().denial(sample_.table("todos")).body, body);
  EXPECT_EQ(shown(), R"({"id":5,"title":"mine"})") << "one's own pending write stays";
  sample_.reopen();
  EXPECT_EQ(status(), TableStatus::kDenied);
  EXPECT_EQ(sample_.store().denial(sample_.table("todos")).body, body);
}

// A token of before the upstream's clock was set back looks good here for long.
TEST_F(PullerTest, ATokenThatTheUpstreamDoesNotTakeIsGivenBackForAnother) {
  todos_.put(todo(1, "a"));
  fail(401, R"({"code":"PGRST303","message":"JWT issued at future"})");
  int refusals = 0;
  credentials_.on_refusal = [&] {
    if (++refusals == 1) failure_.reset();
  };
  pull_well();
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"})");

  fail(401, R"({"code":"PGRST303","message":"JWT issued at future"})");
  EXPECT_FALSE(pull().errors.empty()) << "tried once more, and not for ever";
  EXPECT_EQ(refusals, 2);
}

// The rows go a few at a time, so an end in the middle leaves some.
TEST_F(PullerTest, ADeniedTablesRowsAreTakenBackAlsoAfterAnInterruption) {
  for (int id = 1; id <= 1200; ++id) todos_.put(todo(id, "a"));
  pull_well();
  insert(1, todo(5000, "mine"), 5000);
  sample_.write([&](Transaction& transaction) {
    sample_.store().mark_denied(transaction, sample_.table("todos"), {403, "{}"});
  });
  sample_.reopen();
  ASSERT_EQ(status(), TableStatus::kDenied);
  EXPECT_GT(sample_.number("SELECT count(*) FROM \"public.todos\""), 1200);
  fail(403, R"({"code":"42501","message":"permission denied for table todos"})");
  pull();
  EXPECT_EQ(shown(), R"({"id":5000,"title":"mine"})");
}

// Promise 6: a permission gained.
TEST_F(PullerTest, ADeniedTableIsAskedAgain) {
  todos_.put(todo(1, "a"));
  for (int i = 0; i < 3; ++i) pull_well();
  fail(403, R"({"code":"42501","message":"permission denied for table todos"})");
  pull();
  ASSERT_EQ(status(), TableStatus::kDenied);
  failure_.reset();
  for (int pulls = 0; pulls < options_.key_diff_every; ++pulls) pull_well();
  EXPECT_EQ(status(), TableStatus::kComplete);
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"})");
}

// Hard case 11.
TEST_F(PullerTest, WhatIsNotTheApisAnswerChangesNothing) {
  todos_.put(todo(1, "a"));
  pull_well();
  fail(200, "<html>Please log in</html>", "text/html");
  EXPECT_FALSE(pull(PullDepth::kKeys).reached);
  fail(403, "<html>42501</html>", "text/html");
  EXPECT_FALSE(pull(PullDepth::kKeys).reached);
  fail(503, R"({"code":"PGRST001","message":"no connection"})");
  EXPECT_FALSE(pull(PullDepth::kKeys).errors.empty());
  EXPECT_EQ(status(), TableStatus::kComplete);
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"})");
}

TEST_F(PullerTest, OneTablesErrorDoesNotKeepTheOthersBack) {
  reviews_.put(R"({"id":1,"list_id":1})");
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    if (call.target.starts_with("/rest/v1/todos")) {
      fail(404, R"({"code":"PGRST205","message":"gone"})");
      return *std::exchange(failure_, std::nullopt);
    }
    return respond(call);
  });
  const auto outcome = pull();
  EXPECT_EQ(outcome.errors.size(), 1U);
  EXPECT_EQ(sample_.rows("reviews", {"id"}), R"({"id":1})");
}

// Hard case 16.
TEST_F(PullerTest, OnlyAPullThatBeganAfterAForwardedWriteCatchesUpWithIt) {
  pull_well();
  sample_.store().note_forwarded_write();
  EXPECT_TRUE(sample_.store().behind_forwarded_write());
  bool first = true;
  before_answer_ = [&](const upstream::Call&) {
    if (std::exchange(first, false)) sample_.store().note_forwarded_write();
  };
  pull_well();
  EXPECT_TRUE(sample_.store().behind_forwarded_write());
  pull_well();
  EXPECT_FALSE(sample_.store().behind_forwarded_write());
}

// Hard case 1.
TEST_F(PullerTest, OtherClaimsAreSettledByTheNextPullThatComparesAllKeys) {
  for (int id = 1; id <= 3; ++id) todos_.put(todo(id, "a"));
  sample_.store().note_claims("seller", clock_.now());
  pull_well();
  // What another role sees, with rows as old as before.
  todos_.rows.erase(2);
  todos_.put(todo(4, "b", "2026-01-01T00:00:00+00:00"));
  EXPECT_TRUE(sample_.store().note_claims("admin", clock_.now() + 1s));
  bool first = true;
  before_answer_ = [&](const upstream::Call&) {
    if (std::exchange(first, false)) sample_.store().note_claims("owner", clock_.now() + 2s);
  };
  pull_well();
  EXPECT_TRUE(sample_.store().claims_unsettled());
  pull_well();
  EXPECT_FALSE(sample_.store().claims_unsettled());
  EXPECT_EQ(shown(), R"({"id":1,"title":"a"}{"id":3,"title":"a"}{"id":4,"title":"b"})");
}

TEST_F(PullerTest, APullThatFailsSettlesNoClaims) {
  pull_well();
  sample_.store().note_claims("seller", clock_.now());
  sample_.store().note_claims("admin", clock_.now());
  fail(503, "");
  pull();
  EXPECT_TRUE(sample_.store().claims_unsettled());
}

TEST_F(PullerTest, NobodySignedInIsNoError) {
  credentials_.signed_in = false;
  const auto outcome = pull();
  EXPECT_FALSE(outcome.reached);
  EXPECT_THAT(outcome.errors, IsEmpty());
  EXPECT_THAT(upstream_.calls(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::cache
