#include "cache/replica/change_feed.h"

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using namespace std::chrono_literals;

class ChangeFeedTest : public ::testing::Test {
 protected:
  ChangeFeedTest() {
    sample_.put("lists", R"([{"id":1,"title":"one"},{"id":2,"title":"two"}])");
    sample_.put("reviews", R"([{"id":1,"list_id":1}])");
  }
  // The pages behind `cursor` until there is no more: "table key" or "-table key" for a tombstone.
  std::string follow(std::string& cursor, std::size_t most = 100) {
    ChangeFeed feed(sample_.store());
    std::string all;
    for (;;) {
      const auto page = feed.page(cursor, most);
      if (!page) return "begin again";
      EXPECT_LE(page->changes.size(), most);
      for (const FeedChange& change : page->changes) {
        all += (all.empty() ? "" : " ") + std::string(change.row ? "" : "-") + change.table->name +
               change.key;
      }
      cursor = page->cursor;
      if (!page->more) return all;
    }
  }

  void forget_triggers(const std::string& table) {
    sample_.store().writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
      Database& database = transaction.database();
      std::string triggers;
      Statement all(database,
                    "SELECT name FROM sqlite_schema WHERE name GLOB 'hf_feed|*|*" + table + "'");
      while (all.step()) triggers += "DROP TRIGGER \"" + std::string(all.text(0)) + "\";";
      database.execute(triggers);
    });
  }

  // As of one that is replicated no more.
  void leave_a_followed_table() {
    sample_.store().writer().run(Writer::Priority::kClient, [](Transaction& transaction) {
      transaction.database().execute(
          "CREATE TABLE gone(id);"
          "CREATE TRIGGER \"hf_feed|insert|gone\" AFTER INSERT ON gone BEGIN SELECT 'born'; END;"
          "CREATE TRIGGER \"hf_feed|update|gone\" AFTER UPDATE ON gone BEGIN SELECT 'born'; END;"
          "CREATE TRIGGER \"hf_feed|delete|gone\" AFTER DELETE ON gone BEGIN SELECT 'born'; END;");
    });
  }

  sample::Sample sample_{sample::catalog()};
  std::string cursor_;
};

TEST_F(ChangeFeedTest, AFollowerGetsAllRowsFirstAndThenWhatChangesInOrder) {
  EXPECT_EQ(follow(cursor_), R"(lists{"id":1} lists{"id":2} reviews{"id":1})");
  EXPECT_EQ(follow(cursor_), "");
  sample_.put("lists", R"([{"id":3,"title":"three"},{"id":1,"title":"changed"}])");
  sample_.remove("reviews", R"({"id":1})");
  EXPECT_EQ(follow(cursor_), R"(lists{"id":3} lists{"id":1} -reviews{"id":1})");
  EXPECT_EQ(follow(cursor_), "");
}

TEST_F(ChangeFeedTest, PagesEndWhereTheyAreToldAndMissNothing) {
  EXPECT_EQ(follow(cursor_, 1), R"(lists{"id":1} lists{"id":2} reviews{"id":1})");
  sample_.put("lists", R"([{"id":3,"title":"a"},{"id":4,"title":"b"},{"id":5,"title":"c"}])");
  EXPECT_EQ(follow(cursor_, 2), R"(lists{"id":3} lists{"id":4} lists{"id":5})");
}

TEST_F(ChangeFeedTest, WhatChangesBetweenTheFirstPagesComesBehindThem) {
  ChangeFeed feed(sample_.store());
  const auto first = feed.page("", 1);
  sample_.put("lists", R"([{"id":1,"title":"changed"}])");
  sample_.remove("lists", R"({"id":2})");
  cursor_ = first->cursor;
  EXPECT_EQ(follow(cursor_), R"(reviews{"id":1} lists{"id":1} -lists{"id":2})");
}

TEST_F(ChangeFeedTest, OfARowOnlyTheNewestChangeCounts) {
  follow(cursor_);
  for (const char* title : {"a", "b", "c"}) {
    sample_.put("lists", R"([{"id":1,"title":")" + std::string(title) + "\"}]");
  }
  EXPECT_EQ(follow(cursor_), R"(lists{"id":1})");
}

TEST_F(ChangeFeedTest, APulledRowThatIsTheSameIsNoChange) {
  follow(cursor_);
  sample_.put("lists", R"([{"id":2,"title":"two"}])");
  EXPECT_EQ(follow(cursor_), "");
}

TEST_F(ChangeFeedTest, OwnPendingWritesAreChanges) {
  follow(cursor_);
  Effect effect{"public.lists", R"({"id":2})", EffectKind::kDelete};
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().apply(transaction, 1, {&effect, 1});
  });
  EXPECT_EQ(follow(cursor_), R"(-lists{"id":2})");
}

TEST_F(ChangeFeedTest, WhoComesAfterTombstonesWentBeginsAgain) {
  follow(cursor_);
  std::string late = cursor_;
  sample_.remove("lists", R"({"id":1})");
  follow(cursor_);
  ChangeFeed(sample_.store()).forget(Timestamp(std::chrono::hours(24 * 365 * 200)));
  EXPECT_EQ(follow(late), "begin again");
  EXPECT_EQ(follow(cursor_), "");
  for (std::string wrong : {"changes.99999", "changes", "rows.1", "x", "changes.1x"}) {
    EXPECT_EQ(follow(wrong), "begin again") << wrong;
  }
}

TEST_F(ChangeFeedTest, NothingIsRecordedBeforeSomebodyFollows) {
  EXPECT_EQ(sample_.number("SELECT count(*) FROM sqlite_schema WHERE name='hf_feed'"), 0);
}

TEST_F(ChangeFeedTest, ARowThatCameBehindTheCursorIsToldFromOneThatChanged) {
  ChangeFeed feed(sample_.store());
  std::string cursor = feed.now();
  const auto changes = [&] {
    std::string all;
    const auto page = feed.page(cursor, 100);
    for (const FeedChange& change : page->changes) {
      all += (change.fresh ? "+" : "") + change.key + (change.row ? " " : "gone ");
    }
    cursor = page->cursor;
    return all;
  };
  EXPECT_EQ(changes(), "");
  sample_.put("lists", R"([{"id":3,"title":"new"},{"id":1,"title":"changed"}])");
  sample_.put("lists", R"([{"id":3,"title":"new and changed"}])");
  EXPECT_EQ(changes(), R"({"id":1} +{"id":3} )");
  sample_.put("lists", R"([{"id":3,"title":"changed again"},{"id":4,"title":"short-lived"}])");
  sample_.remove("lists", R"({"id":4})");
  sample_.remove("lists", R"({"id":2})");
  EXPECT_EQ(changes(), R"({"id":3} +{"id":4}gone {"id":2}gone )");
}

TEST_F(ChangeFeedTest, TheFeedOfAnEarlierVersionIsMadeAnewAndItsFollowersBeginAgain) {
  follow(cursor_);
  sample_.put("lists", R"([{"id":3,"title":"three"}])");
  follow(cursor_);
  forget_triggers("");
  sample_.store().writer().run(Writer::Priority::kClient, [](Transaction& transaction) {
    transaction.database().execute(
        "DROP TABLE hf_feed; CREATE TABLE hf_feed(sequence INTEGER PRIMARY KEY"
        " AUTOINCREMENT, relation TEXT NOT NULL, key TEXT NOT NULL, at INTEGER NOT"
        " NULL, UNIQUE(relation, key)); INSERT INTO sqlite_sequence"
        " VALUES('hf_feed', 7)");
  });
  EXPECT_EQ(follow(cursor_), "begin again");
  cursor_.clear();
  EXPECT_EQ(follow(cursor_), R"(lists{"id":1} lists{"id":2} lists{"id":3} reviews{"id":1})");
  sample_.remove("lists", R"({"id":2})");
  EXPECT_EQ(follow(cursor_), R"(-lists{"id":2})");
}

TEST_F(ChangeFeedTest, WhenATableLeavesDuringTheFirstPagesItsFollowersBeginAgain) {
  ChangeFeed feed(sample_.store());
  cursor_ = feed.page("", 1)->cursor;
  leave_a_followed_table();
  EXPECT_EQ(follow(cursor_), "begin again");
}

// As by a table that was made anew, or has come in the place of one that left.
TEST_F(ChangeFeedTest, WhenATableWasNotFollowedForAWhileItsFollowersBeginAgain) {
  follow(cursor_);
  forget_triggers("lists");
  leave_a_followed_table();
  sample_.put("lists", R"([{"id":3,"title":"not told"}])");
  EXPECT_EQ(follow(cursor_), "begin again");
  cursor_.clear();
  EXPECT_EQ(follow(cursor_), R"(lists{"id":1} lists{"id":2} lists{"id":3} reviews{"id":1})");
  sample_.remove("lists", R"({"id":3})");
  EXPECT_EQ(follow(cursor_), R"(-lists{"id":3})");
  // Nothing is left of the other table that would be a reason to write at each look.
  const auto commits = sample_.store().writer().commits();
  EXPECT_EQ(follow(cursor_), "");
  EXPECT_EQ(sample_.store().writer().commits(), commits);
}

}  // namespace
}  // namespace holdfast::cache
