#include "cache/pull/log_follower.h"

#include "tests/cache/pull/fixture.h"

namespace holdfast::cache {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using json = nlohmann::json;

// A puller before an upstream with the companion, whose log a test writes.
class LogFollowerTest : public PullerTest {
 protected:
  LogFollowerTest() {
    companion_ = [this](const upstream::Call& call) { return answer(call); };
    for (int id = 1; id <= 3; ++id) todos_.put(todo(id, "a"));
    for (int round = 0; round < 2; ++round) pull_well();
    upstream_.clear_calls();
  }

  upstream::Outcome answer(const upstream::Call& call) {
    asked_.push_back(json::parse(call.body));
    upstream::Answer answer;
    answer.status = 200;
    answer.headers.add("Content-Type", "application/json");
    const bool digest = call.target.ends_with("holdfast_digest");
    answer.body = (digest ? digests(asked_.back()) : window(asked_.back())).dump();
    return answer;
  }
  json window(const json& asked) {
    json log = {{"cursor", cursor_},
                {"more", false},
                {"held_back_s", held_back_},
                {"lines", json::array()},
                {"recheck", recheck_}};
    if (behind_) log = {{"behind", true}};
    json rows = json::array();
    if (asked.contains("after")) {
      if (!lines_.empty()) {
        log["lines"] = lines_.front();
        rows = rows_.front();
        lines_.pop_front();
        rows_.pop_front();
      }
      log["more"] = !lines_.empty();
    } else {
      log = {{"cursor", cursor_},
             {"more", false},
             {"held_back_s", nullptr},
             {"lines", json::array()},
             {"recheck", json::array()}};
      behind_ = false;
    }
    return {{"version", 1},
            {"lineage", lineage_},
            {"access", access_},
            {"tables", json::parse(R"([["public","todos"],["public","reviews"]])")},
            {"log", log},
            {"rows", rows}};
  }
  // Never those of what is here: everything is looked at.
  json digests(const json& asked) {
    json sums = json::array();
    for (std::size_t i = 0; i < asked["questions"].size(); ++i) {
      sums.push_back({{"rows", 0}, {"sum", "1"}});
    }
    ++digests_;
    return sums;
  }
  // Adds a window in which these todos changed, as they are in todos_ now.
  void change(const std::vector<int>& ids) {
    json lines = json::array();
    json part = {
        {"schema", "public"}, {"table", "todos"}, {"keys", json::array()}, {"rows", json::array()}};
    for (const int id : ids) {
      const std::string key = "{\"id\": " + std::to_string(id) + "}";
      lines.push_back({{"schema", "public"}, {"table", "todos"}, {"key", key}});
      part["keys"].push_back(key);
      const auto row = todos_.rows.find(id);
      part["rows"].push_back(row == todos_.rows.end() ? json(nullptr) : json(row->second.dump()));
    }
    lines_.push_back(lines);
    rows_.push_back(json::array({part}));
  }
  std::size_t requests_for_rows() {
    std::size_t count = 0;
    for (const auto& call : upstream_.calls()) count += call.target.starts_with("/rest/v1/todos");
    return count;
  }

  std::vector<json> asked_;
  std::deque<json> lines_;
  std::deque<json> rows_;
  std::string cursor_ = "10:0";
  std::string lineage_ = "first";
  std::string access_ = "access";
  json held_back_ = nullptr;
  json recheck_ = json::array();
  bool behind_ = false;
  int digests_ = 0;
};

TEST_F(LogFollowerTest, ChangedRowsComeWithTheWindowAndGoneOnesGo) {
  todos_.put(todo(1, "changed", "2026-11-20T00:00:00+00:00"));
  todos_.rows.erase(2);
  todos_.put(todo(9, "new"));
  change({1, 2, 9});
  pull_well();
  EXPECT_EQ(shown(),
            "{\"id\":1,\"title\":\"changed\"}{\"id\":3,\"title\":\"a\"}"
            "{\"id\":9,\"title\":\"new\"}");
  EXPECT_EQ(requests_for_rows(), 0U);
}

TEST_F(LogFollowerTest, AnUnchangedReplicaCostsOneRequest) {
  pull_well();
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(asked_.back()["after"], "10:0");
}

TEST_F(LogFollowerTest, WindowsAreReadUntilThereIsNoMore) {
  todos_.put(todo(1, "x"));
  change({1});
  todos_.put(todo(2, "y"));
  change({2});
  cursor_ = "20:0";
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"x\""));
  EXPECT_THAT(shown(), HasSubstr("\"y\""));
  pull_well();
  EXPECT_EQ(asked_.back()["after"], "20:0");
}

TEST_F(LogFollowerTest, HardCase18OneWindowIsOneTransaction) {
  todos_.put(todo(1, "x"));
  todos_.put(todo(2, "y"));
  change({1, 2});
  int commits = 0;
  sample_.store().writer().before_commit([&](Transaction& transaction) {
    Statement statement(transaction.database(),
                        "SELECT count(*) FROM \"public.todos\" WHERE title IN ('x', 'y')");
    statement.step();
    commits += statement.integer(0) == 1 ? 1 : 0;
  });
  pull_well();
  EXPECT_EQ(commits, 0) << "one of the two rows was seen alone";
  EXPECT_THAT(shown(), HasSubstr("\"y\""));
}

TEST_F(LogFollowerTest, HardCase8AWindowDoesNotUndoWhatWasAcknowledgedMeanwhile) {
  write_title(1, 1, "mine");
  todos_.put(todo(1, "theirs"));
  change({1});
  const auto answer = companion_;
  companion_ = [&](const upstream::Call& call) {
    auto window = answer(call);  // read before our write arrived there
    todos_.put(todo(1, "mine"));
    acknowledge(1, 1, todo(1, "mine"));
    companion_ = answer;
    return window;
  };
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"mine\""));
}

// The log tells of the row once: what an answer that is older than it would undo stays undone.
TEST_F(LogFollowerTest, HardCase8ARowThatIsBeingSentIsReadAgainAfterItsAnswer) {
  insert(1, todo(7, "mine"), 7);
  set_state(1, "sending");
  change({7});  // upstream it was made, and deleted by somebody else at once
  pull_well();
  acknowledge(1, 7, todo(7, "mine"));
  set_state(1, "acknowledged");
  upstream_.clear_calls();
  pull_well();
  EXPECT_THAT(shown(), Not(HasSubstr("\"id\":7")));
  EXPECT_EQ(requests_for_rows(), 1U);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_rereads"), 0);
}

TEST_F(LogFollowerTest, HardCase8NobodyWaitsForTheRowThatIsBeingSent) {
  write_title(1, 1, "mine");
  set_state(1, "sending");
  todos_.put(todo(1, "theirs"));
  todos_.put(todo(2, "theirs too"));
  change({1, 2});
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"theirs too\""));
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_rereads"), 1);
}

TEST_F(LogFollowerTest, PendingWritesStayOnTop) {
  write_title(1, 1, "mine");
  todos_.put(todo(1, "theirs"));
  change({1});
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"mine\""));
}

TEST_F(LogFollowerTest, HardCase18ABlockIsReadAndComparedByItsKeys) {
  todos_.put(todo(1500, "other block"));
  change({1500});
  pull_well();
  upstream_.clear_calls();
  todos_.put(todo(4, "came"));
  todos_.rows.erase(2);
  todos_.rows.erase(1500);
  lines_.push_back(json::parse(R"([{"schema":"public","table":"todos","block":"0"}])"));
  rows_.push_back(json::array());
  pull_well();
  EXPECT_EQ(shown(),
            "{\"id\":1500,\"title\":\"other block\"}{\"id\":1,\"title\":\"a\"}"
            "{\"id\":3,\"title\":\"a\"}{\"id\":4,\"title\":\"came\"}")
      << "what lies in other blocks is not looked at";
  EXPECT_THAT(target(0), HasSubstr("id.lt.\"1024\""));
}

TEST_F(LogFollowerTest, ALineThatTellsNoBlockHasAllRowsCompared) {
  todos_.put(todo(2, "changed without a stamp"));
  const json line = {{"schema", "public"}, {"table", "todos"}, {"block", nullptr}};
  lines_.push_back(json::array({line}));
  rows_.push_back(json::array());
  pull_well();
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("changed without a stamp"));
}

TEST_F(LogFollowerTest, AnotherLineageComparesEverythingAndKeepsPendingWrites) {
  write_title(1, 1, "mine");
  todos_.put(todo(2, "restored", "2026-11-10T00:00:00+00:00"));
  todos_.rows.erase(3);
  lineage_ = "restored";
  cursor_ = "4:0";
  pull_well();
  EXPECT_GT(digests_, 0);
  EXPECT_EQ(shown(), "{\"id\":1,\"title\":\"mine\"}{\"id\":2,\"title\":\"restored\"}");
  pull_well();
  EXPECT_EQ(asked_.back()["after"], "4:0");
}

TEST_F(LogFollowerTest, AClearedLogComparesEverything) {
  todos_.rows.erase(3);
  behind_ = true;
  cursor_ = "90:0";
  pull_well();
  EXPECT_THAT(shown(), Not(HasSubstr("\"id\":3")));
  pull_well();
  EXPECT_EQ(asked_.back()["after"], "90:0");
}

TEST_F(LogFollowerTest, HardCase18OtherPoliciesCompareEverythingAtOnce) {
  todos_.rows.erase(3);
  access_ = "another";
  pull_well();
  EXPECT_THAT(shown(), Not(HasSubstr("\"id\":3")));
  digests_ = 0;
  pull_well();
  EXPECT_EQ(digests_, 0);
}

TEST_F(LogFollowerTest, HardCase18ATableWhosePolicyLooksAtAChangedOneIsCompared) {
  todos_.rows.erase(3);
  recheck_ = json::parse(R"([["public","todos"]])");
  pull_well();
  EXPECT_THAT(shown(), Not(HasSubstr("\"id\":3")));
}

TEST_F(LogFollowerTest, ARowThatDidNotComeAlongIsReadByItsKey) {
  todos_.put(todo(2, "large"));
  change({2});
  rows_.back() = json::array();
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"large\""));
  EXPECT_EQ(requests_for_rows(), 1U);
}

TEST_F(LogFollowerTest, ARowThatCannotBeKeptIsNamedAndTheRestGoesOn) {
  todos_.put(todo(2, "b", "no time at all"));
  todos_.put(todo(3, "c"));
  change({2, 3});
  pull_well();
  EXPECT_THAT(shown(), HasSubstr("\"c\""));
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_unreadable WHERE key='{\"id\":2}'"), 1);
  EXPECT_EQ(status(), TableStatus::kSyncing) << "an answer from here would be wrong";
  todos_.put(todo(2, "b"));
  change({2});
  pull_well();
  EXPECT_EQ(status(), TableStatus::kComplete);
}

TEST_F(LogFollowerTest, WhatAnOpenTransactionHoldsBackIsKeptForStatus) {
  held_back_ = 7.5;
  pull_well();
  EXPECT_EQ(sample_.number("SELECT CAST(value AS INTEGER) FROM hf_meta"
                           " WHERE name='log_held_back'"),
            7);
}

}  // namespace
}  // namespace holdfast::cache
