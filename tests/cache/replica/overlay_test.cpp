#include "cache/replica/overlay.h"

#include <gtest/gtest.h>

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

class OverlayTest : public ::testing::Test {
 protected:
  static std::string key(int id) { return "{\"id\":" + std::to_string(id) + "}"; }
  static std::string row(int id, const std::string& title, const std::string& done = "false") {
    return "{\"id\":" + std::to_string(id) + ",\"list_id\":null,\"title\":\"" + title +
           "\",\"done\":" + done + ",\"price\":null,\"updated_at\":\"2026-11-21T12:00:00+00:00\"}";
  }
  const Table& todos() { return sample_.table("todos"); }

  void apply(std::int64_t entry, EffectKind kind, int id, const std::string& changes,
             const std::string& whole = "") {
    Effect effect{"public.todos", key(id), kind, changes, whole};
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, entry, {&effect, 1});
    });
  }
  void acknowledge(std::int64_t entry, int id, const std::optional<std::string>& image,
                   bool guarded = false) {
    std::optional<Row> known;
    if (image) known = parse_row(todos(), *image).value();
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().acknowledge(transaction, entry, {{&todos(), key(id), known, guarded}});
    });
  }
  void drop(std::int64_t entry) {
    sample_.write([&](Transaction& transaction) { sample_.overlay().drop(transaction, entry); });
  }
  std::string shown() { return sample_.rows("todos", {"id", "title", "done"}); }

  sample::Sample sample_;
};

TEST_F(OverlayTest, RowsWithoutPendingEffectsHaveNoBase) {
  sample_.put("todos", row(1, "a"));
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_pending_base"), 0);
  apply(1, EffectKind::kUpdate, 1, R"({"title":"b"})");
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_pending_base"), 1);
  acknowledge(1, 1, row(1, "b"));
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_pending_base"), 0);
}

TEST_F(OverlayTest, APullDoesNotHideAPendingWrite) {
  sample_.put("todos", row(1, "a"));
  apply(1, EffectKind::kUpdate, 1, R"({"title":"mine"})");
  sample_.put("todos", row(1, "theirs", "true"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine","done":true})");
  drop(1);
  EXPECT_EQ(shown(), R"({"id":1,"title":"theirs","done":true})");
}

// Hard case 7: what an ignoring upsert has left alone is nobody's own write.
TEST_F(OverlayTest, ARowThatAnIgnoringUpsertLeftIsNotTakenForItsOwn) {
  sample_.put("todos", row(1, "a"));
  apply(1, EffectKind::kInsertIgnore, 1, R"({"id":1,"title":"ignored"})", row(1, "ignored"));
  apply(2, EffectKind::kUpdate, 1, R"({"title":"mine"})");
  sample_.write(
      [&](Transaction& transaction) { sample_.overlay().acknowledge(transaction, 1, {}); });
  sample_.put("todos", row(1, "theirs"));
  auto reader = sample_.store().reader();
  const auto effects = sample_.overlay().effects(*reader, 2);
  ASSERT_EQ(effects.size(), 1U);
  EXPECT_NE(effects[0].base->find("\"title\":\"a\""), std::string::npos) << *effects[0].base;
}

TEST_F(OverlayTest, ADeletionUpstreamStaysHiddenOnlyWhileOwnInsertWaits) {
  apply(1, EffectKind::kInsert, 1, R"({"id":1,"title":"mine"})", row(1, "mine"));
  sample_.remove("todos", key(1));
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine","done":false})");
  drop(1);
  EXPECT_EQ(shown(), "");
}

TEST_F(OverlayTest, AnUpdateOfARowThatIsGoneUpstreamShowsNothing) {
  sample_.put("todos", row(1, "a"));
  apply(1, EffectKind::kUpdate, 1, R"({"title":"b"})");
  sample_.remove("todos", key(1));
  EXPECT_EQ(shown(), "");
}

TEST_F(OverlayTest, AnInsertOverAnExistingRowChangesOnlyWhatTheRequestNames) {
  sample_.put("todos", row(1, "theirs", "true"));
  apply(1, EffectKind::kInsert, 1, R"({"id":1,"title":"mine"})", row(1, "mine"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine","done":true})");
}

TEST_F(OverlayTest, AnInsertOfAllColumnsIsKeptOnceAndShownAgainUnderLaterEffects) {
  const std::string whole = row(1, "mine");
  apply(1, EffectKind::kInsert, 1, whole, whole);
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_effects WHERE row IS NOT NULL"), 0);
  apply(2, EffectKind::kUpdate, 1, R"({"done":true})");
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine","done":true})");
  drop(2);
  EXPECT_EQ(shown(), R"({"id":1,"title":"mine","done":false})");
  auto reader = sample_.store().reader();
  EXPECT_EQ(sample_.overlay().effects(*reader, 1).at(0).row, whole);
}

TEST_F(OverlayTest, AnIgnoredDuplicateLeavesTheRow) {
  sample_.put("todos", row(1, "theirs"));
  apply(1, EffectKind::kInsertIgnore, 1, R"({"id":1,"title":"mine"})", row(1, "mine"));
  apply(2, EffectKind::kInsertIgnore, 2, R"({"id":2,"title":"new"})", row(2, "new"));
  EXPECT_EQ(shown(),
            R"({"id":1,"title":"theirs","done":false}{"id":2,"title":"new","done":false})");
}

// Hard case 7.
TEST_F(OverlayTest, AnAcknowledgedImageIsTheBaseUnderLaterPendingEffects) {
  sample_.put("todos", row(1, "a"));
  apply(1, EffectKind::kUpdate, 1, R"({"title":"b"})");
  apply(2, EffectKind::kUpdate, 1, R"({"done":true})");
  acknowledge(1, 1, row(1, "b as the upstream made it"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"b as the upstream made it","done":true})");
  drop(2);
  EXPECT_EQ(shown(), R"({"id":1,"title":"b as the upstream made it","done":false})");
}

// Hard case 7: one's own earlier write is no conflict for the later one. What the image has more
// may be somebody else's, which nobody here has seen.
TEST_F(OverlayTest, AnAcknowledgementRebasesLaterEffectsOnItsOwnColumns) {
  for (const bool guarded : {false, true}) {
    sample_.put("todos", row(1, "a"));
    apply(1, EffectKind::kUpdate, 1, R"({"title":"b"})");
    apply(2, EffectKind::kUpdate, 1, R"({"title":"c"})");
    acknowledge(1, 1, row(1, "b", "true"), guarded);
    {
      auto reader = sample_.store().reader();
      const auto effects = sample_.overlay().effects(*reader, 2);
      ASSERT_TRUE(effects.at(0).base);
      EXPECT_EQ(parse_row(todos(), *effects[0].base).value(),
                parse_row(todos(), row(1, "b", guarded ? "true" : "false")).value());
    }
    drop(2);
    sample_.write(
        [](Transaction& transaction) { transaction.database().execute("DELETE FROM hf_effects"); });
  }
}

TEST_F(OverlayTest, WithoutAnImageTheEffectIsPresumedAndTheRowReadAgain) {
  sample_.put("todos", row(1, "a"));
  apply(1, EffectKind::kUpdate, 1, R"({"title":"b"})");
  sample_.write(
      [&](Transaction& transaction) { sample_.overlay().acknowledge(transaction, 1, {}); });
  EXPECT_EQ(shown(), R"({"id":1,"title":"b","done":false})");
  EXPECT_EQ(sample_.number("SELECT count(*) FROM hf_rereads WHERE key='{\"id\":1}'"), 1);
}

// What the upstream's defaults made of an own insert is no change of somebody else's.
TEST_F(OverlayTest, HardCase7_TheFirstImageOfAPresumedRowTakesLaterWritesAlong) {
  const auto base_of_second = [&] {
    auto reader = sample_.store().reader();
    return sample_.overlay().effects(*reader, 2).at(0).base.value_or("");
  };
  const auto presumed = [&] {
    auto reader = sample_.store().reader();
    return sample_.overlay().is_presumed(*reader, todos(), key(1));
  };
  apply(1, EffectKind::kInsert, 1, R"({"id":1,"title":"a"})", row(1, "a"));
  apply(2, EffectKind::kDelete, 1, "{}");
  EXPECT_FALSE(presumed());
  sample_.write(
      [&](Transaction& transaction) { sample_.overlay().acknowledge(transaction, 1, {}); });
  EXPECT_TRUE(presumed());
  sample_.put("todos", row(1, "a, as a trigger has it", "true"));
  EXPECT_FALSE(presumed());
  EXPECT_EQ(parse_row(todos(), base_of_second()).value(),
            parse_row(todos(), row(1, "a, as a trigger has it", "true")).value());
  EXPECT_EQ(shown(), "");
  // From now on a change is somebody's.
  sample_.put("todos", row(1, "changed", "true"));
  EXPECT_NE(parse_row(todos(), base_of_second()).value(),
            parse_row(todos(), row(1, "changed", "true")).value());
}

TEST_F(OverlayTest, ARejectedInsertTakesItsRowAndWhatWasBuiltOnItAway) {
  apply(1, EffectKind::kInsert, 1, R"({"id":1,"title":"a"})", row(1, "a"));
  apply(2, EffectKind::kUpdate, 1, R"({"done":true})");
  drop(1);
  EXPECT_EQ(shown(), "");
  sample_.write([&](Transaction& transaction) { sample_.overlay().reactivate(transaction, 1); });
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":true})");
}

// Hard case 13: a changed key leaves its old place in the same step.
TEST_F(OverlayTest, AChangedKeyMovesItsRow) {
  sample_.put("todos", row(1, "a"));
  std::vector<Effect> effects = {
      {"public.todos", key(1), EffectKind::kDelete},
      {"public.todos", key(5), EffectKind::kInsert, R"({"id":5})", row(5, "a")}};
  sample_.write(
      [&](Transaction& transaction) { sample_.overlay().apply(transaction, 1, effects); });
  EXPECT_EQ(shown(), R"({"id":5,"title":"a","done":false})");
  drop(1);
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
}

TEST_F(OverlayTest, TheBaseOfEveryRowIsWhatTheUpstreamHas) {
  sample_.put("todos", "[" + row(1, "a") + "," + row(2, "b") + "]");
  apply(1, EffectKind::kUpdate, 1, R"({"title":"changed"})");
  apply(2, EffectKind::kInsert, 3, R"({"id":3,"title":"new"})", row(3, "new"));
  apply(3, EffectKind::kDelete, 2, "{}");
  std::map<std::string, Row> bases;
  auto reader = sample_.store().reader();
  sample_.overlay().for_each_base(*reader, todos(), [&](const std::string& known, const Row& base) {
    bases.emplace(known, base);
  });
  ASSERT_EQ(bases.size(), 2U);
  EXPECT_EQ(bases.at(key(1))[2], Value(std::string("a")));
  EXPECT_EQ(bases.at(key(2))[2], Value(std::string("b")));
}

// Hard case 20: the rows of a swap arrive one by one.
TEST_F(OverlayTest, TwoRowsMaySwapAUniqueValue) {
  sample_.put("lists", R"([{"id":1,"title":"a","slot":1},{"id":2,"title":"b","slot":2}])");
  sample_.put("lists", R"({"id":1,"title":"a","slot":2})");
  sample_.put("lists", R"({"id":2,"title":"b","slot":1})");
  EXPECT_EQ(sample_.rows("lists", {"id", "slot"}), R"({"id":1,"slot":2}{"id":2,"slot":1})");
}

// Promise 4.
TEST_F(OverlayTest, PendingWritesAreShownAfterARestart) {
  sample_.put("todos", row(1, "a"));
  apply(1, EffectKind::kUpdate, 1, R"({"title":"b"})");
  apply(2, EffectKind::kInsert, 2, R"({"id":2,"title":"c"})", row(2, "c"));
  const std::string before = shown();
  sample_.reopen();
  EXPECT_EQ(shown(), before);
  sample_.put("todos", row(1, "theirs"));
  EXPECT_EQ(shown(), R"({"id":1,"title":"b","done":false}{"id":2,"title":"c","done":false})");
}

TEST_F(OverlayTest, EffectsOnATableThatIsGoneAreKeptAndShowNothing) {
  apply(1, EffectKind::kInsert, 1, R"({"id":1,"title":"a"})", row(1, "a"));
  auto fewer = sample::tables();
  std::erase_if(fewer, [](const Table& table) { return table.name == "todos"; });
  sample_.reopen(std::make_shared<const Catalog>(fewer, std::vector<Function>{}));
  drop(1);  // nothing to show, and no fault
  {
    auto reader = sample_.store().reader();
    EXPECT_EQ(sample_.overlay().effects(*reader, 1).size(), 1U);
  }
  sample_.reopen(sample::catalog());
  sample_.write([&](Transaction& transaction) { sample_.overlay().reactivate(transaction, 1); });
  EXPECT_EQ(shown(), R"({"id":1,"title":"a","done":false})");
}

// JSON has one null for both: what an answer does not tell apart stays what it was.
TEST(OverlayNullsTest, TheJsonNullOutlivesAWaitingWriteAndItsAnswer) {
  auto tables = sample::tables();
  tables.push_back(sample::table(
      "docs", sample::columns({{"id", "integer", false}, {"meta", "jsonb"}, {"title", "text"}}),
      {0}));
  sample::Sample sample(std::make_shared<const Catalog>(tables, std::vector<Function>{},
                                                        std::vector<std::string>{"public"}));
  const Table& docs = sample.table("docs");
  const std::string key = R"({"id":1})";
  const auto update = [&](std::int64_t entry, const std::string& changes) {
    Effect effect{"public.docs", key, EffectKind::kUpdate, changes};
    sample.write([&](Transaction& transaction) {
      sample.overlay().apply(transaction, entry, {&effect, 1});
    });
  };
  const auto acknowledge = [&](std::int64_t entry, const std::string& answer) {
    sample.write([&](Transaction& transaction) {
      sample.overlay().acknowledge(transaction, entry,
                                   {{&docs, key, parse_row(docs, answer).value()}});
    });
  };
  const auto json_nulls = [&] {
    return sample.number("SELECT count(*) FROM \"public.docs\" WHERE meta='null'");
  };
  sample.write([&](Transaction& transaction) {
    sample.overlay().put_base(transaction, docs, key, Row{std::int64_t{1}, "null", "a"});
  });
  ASSERT_EQ(json_nulls(), 1);
  update(1, R"({"title":"b"})");
  update(2, R"({"title":"c"})");
  EXPECT_EQ(json_nulls(), 1) << "a second effect shows the kept image";
  acknowledge(1, R"({"id":1,"meta":null,"title":"b"})");
  EXPECT_EQ(json_nulls(), 1);
  acknowledge(2, R"({"id":1,"meta":null,"title":"c"})");
  EXPECT_EQ(json_nulls(), 1);
  update(3, R"({"meta":null})");
  EXPECT_EQ(json_nulls(), 0) << "a body's null is no value";
  acknowledge(3, R"({"id":1,"meta":null,"title":"c"})");
  EXPECT_EQ(json_nulls(), 0);
}

}  // namespace
}  // namespace holdfast::cache
