#include "cache/pull/comparison.h"

#include "tests/cache/pull/fixture.h"

namespace holdfast::cache {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Comparisons of a table that is larger than a page, with the bare upstream.
class ComparisonTest : public PullerTest {
 protected:
  ComparisonTest() {
    options_.page_rows = 10;
    for (int id = 1; id <= kRows; ++id) todos_.put(todo(id, "a", stamp(id)));
    pull_well();
    pull_well();
    upstream_.clear_calls();
  }
  static std::string stamp(int id) {
    const int minute = id % 60;
    return std::string("2026-11-20T11:") + (minute < 10 ? "0" : "") + std::to_string(minute) +
           ":00+00:00";
  }
  // From here on, as statements that take too long.
  void fail_counts() {
    upstream_.respond_with([this](const upstream::Call& call) {
      if (call.headers.find("Prefer") != "count=exact") return respond(call);
      fail(500, R"({"code":"57014","message":"canceling statement due to statement timeout"})");
      return *std::exchange(failure_, std::nullopt);
    });
  }
  std::size_t requests() {
    std::size_t count = 0;
    for (const auto& call : upstream_.calls()) count += call.target.starts_with("/rest/v1/todos");
    return count;
  }
  bool has(int id) {
    return sample_.number("SELECT count(*) FROM \"public.todos\" WHERE id=" + std::to_string(id)) ==
           1;
  }
  static constexpr int kRows = 400;
};

TEST_F(ComparisonTest, HardCase19AnUnchangedTableCostsOneSummary) {
  pull_well(PullDepth::kKeys);
  EXPECT_LE(requests(), 5U);  // the changes, the summary, and no keys
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\""), kRows);
}

TEST_F(ComparisonTest, HardCase19TheDifferingBlockIsFoundByHalvesAndOnlyItsKeysAreRead) {
  todos_.rows.erase(200);
  pull_well(PullDepth::kKeys);
  EXPECT_FALSE(has(200));
  EXPECT_LT(requests(), 60U);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM \"public.todos\""), kRows - 1);
}

TEST_F(ComparisonTest, RowsThatCameUnseenAreFound) {
  todos_.put(todo(1000, "with an old stamp", "2020-01-01T00:00:00+00:00"));
  todos_.put(todo(-5, "before the first", "2020-01-01T00:00:00+00:00"));
  pull_well(PullDepth::kKeys);
  EXPECT_TRUE(has(1000));
  EXPECT_TRUE(has(-5));
}

TEST_F(ComparisonTest, ARowThatTookAnothersPlaceInASmallTableIsFound) {
  for (int id = 151; id <= kRows; ++id) todos_.rows.erase(id);
  pull_well(PullDepth::kKeys);
  todos_.rows.erase(60);
  todos_.put(todo(1000, "as old as the other", stamp(60)));
  pull_well(PullDepth::kKeys);
  EXPECT_FALSE(has(60));
  EXPECT_TRUE(has(1000));
}

TEST_F(ComparisonTest, WhereRowsCannotBeCountedInTimeTheyAreRead) {
  fail_counts();
  todos_.rows.erase(200);
  pull_well(PullDepth::kKeys);
  EXPECT_FALSE(has(200));
  sample::Sample fresh(sample::catalog(), {"lists", "tags", "notes", "counters"});
  Puller puller(upstream_, credentials_, replica_, options_, clock_, silent_logger());
  EXPECT_THAT(puller.pull(fresh.store(), PullDepth::kChanges).errors, IsEmpty());
  EXPECT_EQ(fresh.number("SELECT count(*) FROM \"public.todos\""), kRows - 1);
}

TEST_F(ComparisonTest, PendingWritesAreNoDifference) {
  write_title(1, 7, "mine");
  insert(2, todo(5000, "mine"), 5000);
  pull_well(PullDepth::kKeys);
  EXPECT_TRUE(has(5000));
  EXPECT_LE(requests(), 5U);
}

TEST_F(ComparisonTest, HardCase19TheScrubFindsWhatKeepsItsStamp) {
  todos_.put(todo(300, "changed in silence", stamp(300)));
  pull_well(PullDepth::kKeys);
  EXPECT_THAT(shown(), Not(HasSubstr("silence"))) << "count and newest stamp are the same";
  clock_.advance(options_.scrub + 1s);
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("silence"));
  upstream_.clear_calls();
  pull_well();
  EXPECT_LE(requests(), 4U) << "a scrub is for once in a while";
  todos_.put(todo(301, "changed in silence again", stamp(301)));
  clock_.set(clock_.now() - 24h * 365);
  todos_.date = clock_.now();
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("again")) << "the clock had been ahead";
}

TEST_F(ComparisonTest, EveryKeyIsComparedWhereClaimsHaveChanged) {
  todos_.rows.erase(200);
  todos_.put(todo(201000, "as old", stamp(200)));
  pull_well(PullDepth::kAllKeys);
  EXPECT_FALSE(has(200));
  EXPECT_TRUE(has(201000));
}

TEST_F(ComparisonTest, ManyTablesAreReadAtTheSameTime) {
  sample::Sample fresh(sample::catalog(), {"lists", "tags", "notes", "counters"});
  options_.parallel_tables = 4;
  Puller puller(upstream_, credentials_, replica_, options_, clock_, silent_logger());
  EXPECT_TRUE(puller.pull(fresh.store(), PullDepth::kChanges).errors.empty());
  EXPECT_EQ(fresh.number("SELECT count(*) FROM \"public.todos\""), kRows);
  EXPECT_EQ(fresh.store().status(fresh.table("todos")), TableStatus::kComplete);
}

TEST_F(ComparisonTest, AnUnreadableRowHoldsNothingBackAndIsNamed) {
  for (const int id : {3, 10, 400}) todos_.put(todo(id, "bad", "2026-11-21 not a time"));
  sample::Sample fresh(sample::catalog(), {"lists", "tags", "notes", "counters"});
  Puller puller(upstream_, credentials_, replica_, options_, clock_, silent_logger());
  EXPECT_TRUE(puller.pull(fresh.store(), PullDepth::kChanges).errors.empty());
  EXPECT_EQ(fresh.number("SELECT count(*) FROM \"public.todos\""), kRows - 3);
  EXPECT_EQ(fresh.store().status(fresh.table("reviews")), TableStatus::kComplete);
  EXPECT_EQ(fresh.store().status(fresh.table("todos")), TableStatus::kSyncing);
  EXPECT_EQ(fresh.number("SELECT last_error LIKE '3 of its rows cannot be kept here, such as"
                         " {\"id\":%updated_at%' FROM hf_tables WHERE relation='public.todos'"),
            1);
  for (const int id : {3, 10, 400}) todos_.put(todo(id, "good"));
  EXPECT_TRUE(puller.pull(fresh.store(), PullDepth::kKeys).errors.empty());
  EXPECT_EQ(fresh.number("SELECT count(*) FROM \"public.todos\""), kRows);
  EXPECT_EQ(fresh.store().status(fresh.table("todos")), TableStatus::kComplete);
}

}  // namespace
}  // namespace holdfast::cache
