#include "queue/conflict_policy.h"

#include <gmock/gmock.h>

#include "tests/cache/replica/sample.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;
using cache::ConflictStrategy;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using Kind = Decision::Kind;

// One write to a todo: based on {"title":"a","done":false}, version of noon.
class ConflictPolicyTest : public ::testing::Test {
 protected:
  static std::string todo(const std::string& title, const std::string& done = "false",
                          const std::string& at = "12:00:00") {
    return R"({"id":1,"list_id":null,"title":")" + title + R"(","done":)" + done +
           R"(,"price":null,"updated_at":"2026-11-21T)" + at + R"(+00:00"})";
  }
  Decision decide(const std::string& changes, const std::string& remote) {
    cache::Effect effect;
    effect.relation = "public.todos";
    effect.key = R"({"id":1})";
    effect.kind = changes.empty() ? cache::EffectKind::kDelete : cache::EffectKind::kUpdate;
    if (!changes.empty()) effect.changes = changes;
    if (!base_.empty()) effect.base = base_;
    Entry entry;
    entry.created_at = written_at_;
    std::optional<cache::Row> row;
    if (!remote.empty()) row = cache::parse_row(table_, remote).value();
    return queue::decide({table_, options_, entry, effect, row, offset_});
  }
  std::vector<std::string> names(const std::vector<std::size_t>& columns) {
    std::vector<std::string> names;
    for (const auto column : columns) names.push_back(table_.columns[column].name);
    return names;
  }

  std::shared_ptr<const cache::Catalog> catalog_ = cache::sample::catalog();
  const cache::Table& table_ = *catalog_->find("public", "todos");
  cache::TableOptions options_;
  Timestamp written_at_ = cache::sample::noon() + 30min;
  std::chrono::microseconds offset_{0};
  std::string base_ = todo("a");
};

// An answer's date has no fractions, and takes its time to come.
TEST(ClockOffset, IsWhatAnAnswerProvesAndNoMore) {
  const Timestamp noon = cache::sample::noon();
  EXPECT_EQ(clock_offset(noon + 900ms, noon + 950ms, noon), 0us);
  EXPECT_EQ(clock_offset(noon, noon + 5s, noon + 2s), 0us);
  EXPECT_EQ(clock_offset(noon, noon + 100ms, noon + 60s), 59900ms) << "its clock is ahead";
  EXPECT_EQ(clock_offset(noon + 60s, noon + 61s, noon), -59s) << "its clock is behind";
}

// A column that was added while the deletion waited is no change of somebody else's.
TEST_F(ConflictPolicyTest, ADeletionIsNotJudgedByAColumnThatWasAddedSince) {
  base_ = R"({"id":1,"title":"a","done":false,"updated_at":"2026-11-21T12:00:00+00:00"})";
  const std::string with_price = R"({"id":1,"list_id":null,"title":"a","done":false,"price":7,)"
                                 R"("updated_at":"2026-11-21T12:00:00+00:00"})";
  EXPECT_EQ(decide("", with_price).kind, Kind::kSend);
}

// Promise 2: what does not take effect is listed.
TEST_F(ConflictPolicyTest, AValueThatWasThereBeforeAndIsChangedSinceGivesWayListed) {
  const auto decision = decide(R"({"title":"a"})", todo("theirs"));
  EXPECT_EQ(decision.kind, Kind::kGiveWay);
  EXPECT_TRUE(decision.conflict);
  EXPECT_THAT(names(decision.collided), ElementsAre("title"));
  EXPECT_FALSE(decide(R"({"title":"a"})", todo("a", "true")).conflict);
}

// Hard case 14.
TEST_F(ConflictPolicyTest, ChangesOfDifferentColumnsAreNoConflictUnderAnyStrategy) {
  for (const auto strategy :
       {ConflictStrategy::kMerge, ConflictStrategy::kRemoteWins, ConflictStrategy::kLocalWins,
        ConflictStrategy::kLastWriteWins, ConflictStrategy::kManual}) {
    options_.conflict = strategy;
    const auto decision = decide(R"({"title":"ours"})", todo("a", "true", "12:10:00"));
    EXPECT_EQ(decision.kind, Kind::kSend) << name_of(strategy);
    EXPECT_FALSE(decision.conflict);
    EXPECT_EQ(decision.changes, R"({"title":"ours"})");
  }
}

TEST_F(ConflictPolicyTest, MergeKeepsOurOtherColumnsAndGivesUpTheOneThatCollided) {
  const auto decision =
      decide(R"({"title":"ours","done":true})", todo("theirs", "false", "12:10:00"));
  EXPECT_EQ(decision.kind, Kind::kSend);
  EXPECT_TRUE(decision.conflict);
  EXPECT_THAT(names(decision.collided), ElementsAre("title"));
  EXPECT_EQ(decision.changes, R"({"done":true})");
}

TEST_F(ConflictPolicyTest, MergeGivesWayWhereNothingIsLeft) {
  const auto decision = decide(R"({"title":"ours"})", todo("theirs"));
  EXPECT_EQ(decision.kind, Kind::kGiveWay);
  EXPECT_TRUE(decision.conflict);
}

TEST_F(ConflictPolicyTest, TheSameValueOnBothSidesIsNoConflict) {
  const auto decision = decide(R"({"title":"same"})", todo("same", "false", "12:10:00"));
  EXPECT_EQ(decision.kind, Kind::kGiveWay);
  EXPECT_FALSE(decision.conflict);
}

// A form that sends every column changes only those that differ.
TEST_F(ConflictPolicyTest, AColumnThatIsNamedAndNotChangedTakesNothingBack) {
  const auto decision =
      decide(R"({"title":"ours","done":false,"price":null})", todo("a", "true", "12:10:00"));
  EXPECT_EQ(decision.kind, Kind::kSend);
  EXPECT_FALSE(decision.conflict);
  EXPECT_EQ(decision.changes, R"({"title":"ours"})");
}

TEST_F(ConflictPolicyTest, RemoteWinsGivesTheWholeWriteUp) {
  options_.conflict = ConflictStrategy::kRemoteWins;
  const auto decision = decide(R"({"title":"ours","done":true})", todo("theirs"));
  EXPECT_EQ(decision.kind, Kind::kGiveWay);
  EXPECT_TRUE(decision.conflict);
}

TEST_F(ConflictPolicyTest, LocalWinsSendsTheWholeWrite) {
  options_.conflict = ConflictStrategy::kLocalWins;
  const auto decision = decide(R"({"title":"ours","done":true})", todo("theirs"));
  EXPECT_EQ(decision.kind, Kind::kSend);
  EXPECT_TRUE(decision.conflict);
  EXPECT_EQ(decision.changes, R"({"title":"ours","done":true})");
}

TEST_F(ConflictPolicyTest, TheLastWriteWinsByTheUpstreamsClock) {
  options_.conflict = ConflictStrategy::kLastWriteWins;
  EXPECT_EQ(decide(R"({"title":"ours"})", todo("theirs", "false", "12:10:00")).kind, Kind::kSend);
  EXPECT_EQ(decide(R"({"title":"ours"})", todo("theirs", "false", "12:40:00")).kind,
            Kind::kGiveWay);
  // Our clock runs an hour ahead: by the upstream's we wrote at half past eleven.
  offset_ = -1h;
  EXPECT_EQ(decide(R"({"title":"ours"})", todo("theirs", "false", "12:10:00")).kind,
            Kind::kGiveWay);
}

TEST_F(ConflictPolicyTest, AStampThatNoTriggerKeepsSaysNothingOfTheLastWrite) {
  options_.conflict = ConflictStrategy::kLastWriteWins;
  EXPECT_EQ(decide(R"({"title":"ours"})", todo("theirs")).kind, Kind::kGiveWay);
}

TEST_F(ConflictPolicyTest, ManualAsks) {
  options_.conflict = ConflictStrategy::kManual;
  const auto decision = decide(R"({"title":"ours"})", todo("theirs"));
  EXPECT_EQ(decision.kind, Kind::kAsk);
  EXPECT_THAT(names(decision.collided), ElementsAre("title"));
}

TEST_F(ConflictPolicyTest, AStatusGoesForwardOnly) {
  options_.transition_column = "title";
  options_.transitions = {"a", "shipping", "delivered"};
  for (const auto strategy : {ConflictStrategy::kMerge, ConflictStrategy::kManual,
                              ConflictStrategy::kRemoteWins, ConflictStrategy::kLocalWins}) {
    options_.conflict = strategy;
    const auto ours = decide(R"({"title":"delivered"})", todo("shipping"));
    EXPECT_EQ(ours.kind, Kind::kSend) << name_of(strategy);
    EXPECT_EQ(ours.changes, R"({"title":"delivered"})");
    EXPECT_TRUE(ours.conflict);
    const auto theirs = decide(R"({"title":"shipping"})", todo("delivered"));
    EXPECT_EQ(theirs.kind, Kind::kGiveWay) << name_of(strategy);
    EXPECT_TRUE(theirs.conflict);
  }
  // Of a value that the rule does not know the strategy decides.
  EXPECT_EQ(decide(R"({"title":"lost"})", todo("delivered")).kind, Kind::kSend);
}

// Hard case 14: row gone upstream.
TEST_F(ConflictPolicyTest, ARowThatIsGoneIsDecidedByTheStrategy) {
  const auto decided = [&](ConflictStrategy strategy) {
    options_.conflict = strategy;
    return decide(R"({"title":"ours"})", "");
  };
  EXPECT_EQ(decided(ConflictStrategy::kMerge).kind, Kind::kGiveWay);
  EXPECT_EQ(decided(ConflictStrategy::kRemoteWins).kind, Kind::kGiveWay);
  EXPECT_EQ(decided(ConflictStrategy::kManual).kind, Kind::kAsk);
  const auto local = decided(ConflictStrategy::kLocalWins);
  EXPECT_EQ(local.kind, Kind::kSend);
  EXPECT_TRUE(local.insert);
  EXPECT_TRUE(local.conflict);
}

// The insert that was to make the row was given up: what is there by its key is somebody else's.
TEST_F(ConflictPolicyTest, AnUpdateOfARowThatNeverCameNeitherMakesNorTakesOne) {
  base_.clear();
  for (const auto strategy : {ConflictStrategy::kLocalWins, ConflictStrategy::kManual,
                              ConflictStrategy::kLastWriteWins, ConflictStrategy::kMerge}) {
    options_.conflict = strategy;
    for (const std::string& remote : {std::string(), todo("theirs")}) {
      const auto decision = decide(R"({"title":"ours"})", remote);
      EXPECT_EQ(decision.kind, Kind::kGiveWay);
      EXPECT_FALSE(decision.insert);
      EXPECT_TRUE(decision.conflict);
    }
  }
}

TEST_F(ConflictPolicyTest, AMergedRowLeavesOutWhatTheUpstreamGenerates) {
  cache::Table table = table_;
  table.columns[table.column_index("price").value()].generated = cache::Generated::kStored;
  const auto remote = cache::parse_row(table_, todo("theirs")).value();
  EXPECT_EQ(merged_changes(table, R"({"title":"both","price":7})", remote).value(),
            R"({"title":"both"})");
}

TEST_F(ConflictPolicyTest, ADeletionGivesWayToAChangeAndNotToATouch) {
  EXPECT_EQ(decide("", todo("a", "false", "12:10:00")).kind, Kind::kSend);
  EXPECT_FALSE(decide("", todo("a", "false", "12:10:00")).conflict);
  const auto changed = decide("", todo("theirs"));
  EXPECT_EQ(changed.kind, Kind::kGiveWay);
  EXPECT_TRUE(changed.conflict);
  options_.conflict = ConflictStrategy::kLocalWins;
  EXPECT_EQ(decide("", todo("theirs")).kind, Kind::kSend);
}

TEST_F(ConflictPolicyTest, AnAppsOwnStampDoesNotTakeTheRowBack) {
  const auto behind = decide(R"({"done":true,"updated_at":"2026-11-21T12:05:00+00:00"})",
                             todo("theirs", "false", "12:10:00"));
  EXPECT_EQ(behind.changes, R"({"done":true})");
  const auto ahead = decide(R"({"done":true,"updated_at":"2026-11-21T12:15:00+00:00"})",
                            todo("theirs", "false", "12:10:00"));
  EXPECT_EQ(ahead.changes, R"({"done":true,"updated_at":"2026-11-21T12:15:00+00:00"})");
  EXPECT_FALSE(ahead.conflict);
}

TEST_F(ConflictPolicyTest, AVersionThatTheAppRaisesGoesOnFromTheUpstreams) {
  options_.version_column = "list_id";
  std::string remote = todo("theirs");
  remote.replace(remote.find("null"), 4, "7");
  const auto decision = decide(R"({"done":true,"list_id":2})", remote);
  EXPECT_EQ(decision.changes, R"({"done":true,"list_id":8})");
  EXPECT_FALSE(decision.conflict);
}

TEST_F(ConflictPolicyTest, AMergedRowIsSentWhereItDiffersFromTheUpstreams) {
  const auto remote = cache::parse_row(table_, todo("theirs")).value();
  EXPECT_EQ(merged_changes(table_, R"({"title":"both","done":false})", remote).value(),
            R"({"title":"both"})");
  EXPECT_EQ(merged_changes(table_, R"({"wrong":1})", remote).error().code, "PGRST204");
  EXPECT_EQ(merged_changes(table_, R"([1])", remote).error().kind, ErrorKind::kInvalidRequest);
}

// What a column was that is not kept here nobody saw: that it is another value proves nothing.
class KeptColumnsConflictTest : public ConflictPolicyTest {
 protected:
  KeptColumnsConflictTest() {
    auto limited = std::make_shared<cache::Catalog>(*catalog_);
    limited->leave_out([](const cache::Table&, const cache::Column& column) {
      return column.name == "title" || column.name == "price";
    });
    limited_ = std::move(limited);
  }
  Decision decide_limited(const std::string& changes, const std::string& remote) {
    cache::Effect effect;
    effect.relation = "public.todos";
    effect.key = R"({"id":1})";
    effect.kind = changes.empty() ? cache::EffectKind::kDelete : cache::EffectKind::kUpdate;
    if (!changes.empty()) effect.changes = changes;
    effect.base = R"({"id":1,"done":false,"updated_at":"2026-11-21T12:00:00+00:00"})";
    const cache::Table& table = *limited_->find("public", "todos");
    return queue::decide(
        {table, options_, Entry{}, effect, cache::parse_row(table, remote).value(), offset_});
  }
  std::shared_ptr<const cache::Catalog> limited_;
};

TEST_F(KeptColumnsConflictTest, AWriteToAColumnThatIsNotKeptMeetsNoConflictInIt) {
  const auto decision = decide_limited(R"({"title":"ours"})", todo("theirs", "true", "12:10:00"));
  EXPECT_EQ(decision.kind, Kind::kSend);
  EXPECT_FALSE(decision.conflict);
  EXPECT_EQ(decision.changes, R"({"title":"ours"})");
  // It may have been something else before: only the upstream knows.
  EXPECT_EQ(decide_limited(R"({"title":null})", todo("theirs", "true", "12:10:00")).changes,
            R"({"title":null})");
}

TEST_F(KeptColumnsConflictTest, ADeletionIsJudgedByTheColumnsThatAreKept) {
  EXPECT_FALSE(decide_limited("", todo("theirs", "false", "12:00:00")).conflict);
  EXPECT_TRUE(decide_limited("", todo("theirs", "true", "12:10:00")).conflict);
}

}  // namespace
}  // namespace holdfast::queue
