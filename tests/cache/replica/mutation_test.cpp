#include "cache/replica/mutation.h"

#include <gmock/gmock.h>

#include "gateway/base/ids.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using sample::compute;
using sample::describe;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

class MutationTest : public ::testing::Test {
 protected:
  MutationTest() {
    sample_.put(
        "lists",
        R"([{"id":1,"title":"home","updated_at":"2026-11-20T00:00:00Z","slot":1},{"id":2,"title":"work","updated_at":"2026-11-20T00:00:00Z","slot":2}])");
    sample_.put(
        "todos",
        R"([{"id":1,"list_id":1,"title":"a","done":false,"updated_at":"2026-11-20T00:00:00Z"},
                             {"id":2,"list_id":1,"title":"b","done":true,"updated_at":"2026-11-20T00:00:00Z"},
                             {"id":3,"list_id":2,"title":"c","done":false,"updated_at":"2026-11-20T00:00:00Z"}])");
    sample_.put("tags", R"([{"todo_id":1,"name":"x","weight":1},
                            {"todo_id":3,"name":"x","weight":2}])");
    sample_.put("reviews", R"([{"id":1,"list_id":1}])");
  }

  Changes changes(const sample::Request& request) {
    auto computed = compute(sample_, request);
    if (auto* error = std::get_if<Error>(&computed)) {
      ADD_FAILURE() << error->code << " " << error->message;
      return {};
    }
    if (auto* ask = std::get_if<AskUpstream>(&computed)) {
      ADD_FAILURE() << ask->reason;
      return {};
    }
    return std::get<Changes>(std::move(computed));
  }
  Error error(const sample::Request& request) {
    auto computed = compute(sample_, request);
    auto* error = std::get_if<Error>(&computed);
    return error == nullptr ? Error{ErrorKind::kNotFound, "no error", "", {}, {}} : *error;
  }
  bool asks_upstream(const sample::Request& request) {
    return std::holds_alternative<AskUpstream>(compute(sample_, request));
  }

  sample::Sample sample_;
};

TEST_F(MutationTest, AnInsertComputesItsDefaults) {
  const auto result = changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"n"})"});
  ASSERT_EQ(result.effects.size(), 1U);
  EXPECT_EQ(result.effects[0].row,
            R"({"id":9,"list_id":null,"title":"n","done":false,"price":null,)"
            R"("updated_at":"2026-11-21T12:00:00+00:00"})");
  // The upstream computes its defaults itself: only what the app sent is sent.
  EXPECT_EQ(result.body, R"({"id":9,"title":"n"})");
  EXPECT_EQ(result.effects[0].changes, R"({"id":9,"title":"n"})");
  EXPECT_EQ(result.inserted, 1);
  EXPECT_FALSE(result.minted_key);
}

TEST_F(MutationTest, ValuesTakeTheColumnsTypeModifier) {
  const auto result =
      changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"n","price":12.345})"});
  EXPECT_THAT(result.effects.at(0).changes, HasSubstr(R"("price":12.35)"));
}

// Hard case 10.
TEST_F(MutationTest, AMintedKeyGoesIntoTheBodyAndIntoColumns) {
  const auto result = changes({Operation::kInsert, "notes", "columns=body", R"([{"body":"n"}])"});
  const std::string key = result.keys.at(0);
  ASSERT_TRUE(is_uuid(key.substr(7, 36))) << key;
  EXPECT_THAT(result.columns, UnorderedElementsAre("id", "body"));
  EXPECT_EQ(result.body, R"([{"body":"n",)" + key.substr(1) + "]");
  EXPECT_TRUE(result.minted_key);
}

TEST_F(MutationTest, EveryRowGetsAKeyOfItsOwn) {
  const auto result = changes({Operation::kInsert, "notes", "", R"([{"body":"a"},{"body":"b"}])"});
  ASSERT_EQ(result.keys.size(), 2U);
  EXPECT_NE(result.keys[0], result.keys[1]);
  for (const auto& key : result.keys) EXPECT_THAT(result.body, HasSubstr(key.substr(1)));
}

TEST_F(MutationTest, AKeyThatTheAppSentIsNotOurs) {
  const auto result = changes({Operation::kInsert, "notes", "",
                               R"({"id":"00000000-0000-4000-8000-000000000001","body":"n"})"});
  EXPECT_FALSE(result.minted_key);
}

// 23505 on a key of ours counts as applied: so none may be the app's.
TEST_F(MutationTest, KeysAreOursOnlyWhenAllOfThemAre) {
  sample::Request request{Operation::kInsert, "notes", "columns=id,body",
                          R"([{"id":"00000000-0000-4000-8000-000000000001","body":"a"},
                              {"body":"b"}])"};
  request.missing = Missing::kDefault;
  EXPECT_FALSE(changes(request).minted_key);
}

TEST_F(MutationTest, OnlyKeysAreAddedToWhatTheAppSent) {
  const auto result = changes({Operation::kInsert, "notes", "", R"({"body":"n"})"});
  EXPECT_THAT(result.provisional, ElementsAre("number"));
  EXPECT_THAT(result.body, ::testing::Not(HasSubstr("number")));
}

// Hard case 9.
TEST_F(MutationTest, AKeyFromASequenceIsTheUpstreams) {
  EXPECT_TRUE(asks_upstream({Operation::kInsert, "counters", "", R"({"name":"n"})"}));
  EXPECT_FALSE(asks_upstream({Operation::kInsert, "counters", "", R"({"id":5,"name":"n"})"}));
  sample::Request standalone{Operation::kInsert, "counters", "", R"({"name":"n"})"};
  standalone.authoritative = true;
  EXPECT_THAT(changes(standalone).keys, ElementsAre(R"({"id":1})"));
}

TEST_F(MutationTest, ATableWithoutAKeyIsTheUpstreams) {
  EXPECT_TRUE(asks_upstream({Operation::kInsert, "logs", "", R"({"line":"n"})"}));
  EXPECT_TRUE(asks_upstream({Operation::kDelete, "logs", "line=eq.n"}));
}

TEST_F(MutationTest, WrongInputIsRefusedInPostgresWords) {
  EXPECT_EQ(error({Operation::kInsert, "todos", "", R"({"nope":1})"}).message,
            "Could not find the 'nope' column of 'todos' in the schema cache");
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.1", R"({"nope":1})"}).code, "PGRST204");
  EXPECT_EQ(error({Operation::kInsert, "todos", "", R"({"id":"x","title":"n"})"}).message,
            "invalid input syntax for type integer: \"x\"");
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.1", R"({"done":"x"})"}).code, "22P02");
  EXPECT_EQ(error({Operation::kInsert, "todos", "", R"({"id":4})"}).code, "23502");
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.1", R"({"title":null})"}).code, "23502");
}

TEST_F(MutationTest, AValueThatIsNoneComesBeforeWhatOtherRowsViolate) {
  const auto code = [&](const char* rows) {
    return error({Operation::kInsert, "todos", "", rows}).code;
  };
  EXPECT_EQ(code(R"([{"id":7,"title":null},{"id":"x","title":"c"}])"), "22P02");
  EXPECT_EQ(code(R"([{"id":7,"title":"a"},{"id":7,"title":"b"},{"id":1.5,"title":"c"}])"), "22P02");
  EXPECT_EQ(code(R"([{"id":7,"title":null},{"id":8,"title":"b"}])"), "23502");
}

// Hard case 16.
TEST_F(MutationTest, AReplicatedRowDoesNotProveADuplicate) {
  const auto result = changes({Operation::kInsert, "todos", "", R"({"id":1,"title":"n"})"});
  EXPECT_FALSE(result.doubt.empty());
}

TEST_F(MutationTest, AReplicatedRowDoesNotProveAMissingOrARemainingReference) {
  const auto doubt = [this](Operation operation, const char* target, const char* body) {
    return changes({operation, "todos", target, body}).doubt;
  };
  EXPECT_EQ(doubt(Operation::kInsert, "", R"({"id":9,"title":"n","list_id":99})"),
            "a row that it refers to is not here");
  EXPECT_EQ(doubt(Operation::kUpdate, "id=eq.1", R"({"list_id":99})"),
            "a row that it refers to is not here");
  EXPECT_EQ(doubt(Operation::kUpdate, "id=eq.1", R"({"title":"z"})"), "");
  EXPECT_EQ(doubt(Operation::kInsert, "", R"({"id":9,"title":"n","list_id":1})"), "");
}

TEST_F(MutationTest, OnesOwnPendingRowProvesADuplicate) {
  Effect effect{"public.todos", R"({"id":7})", EffectKind::kInsert, "{}",
                R"({"id":7,"title":"mine","done":false})"};
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().apply(transaction, 1, {&effect, 1});
  });
  const auto refused = error({Operation::kInsert, "todos", "", R"({"id":7,"title":"n"})"});
  EXPECT_EQ(refused.code, "23505");
  EXPECT_EQ(refused.message, "duplicate key value violates unique constraint \"todos_pkey\"");
  EXPECT_EQ(refused.details, "Key (id)=(7) already exists.");
}

// Hard case 16: an upsert passes over the constraint that it names, and over no other.
TEST_F(MutationTest, AnUpsertByOneConstraintIsRefusedByAnother) {
  const std::string row = R"({"id":7,"title":"mine","slot":9,"updated_at":"2026-11-21T00:00:00Z"})";
  Effect effect{"public.lists", R"({"id":7})", EffectKind::kInsert, "{}", row};
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().apply(transaction, 1, {&effect, 1});
  });
  for (const auto resolution : {Resolution::kMergeDuplicates, Resolution::kIgnoreDuplicates}) {
    const auto by_slot = error({Operation::kInsert, "lists", "on_conflict=slot",
                                R"({"id":7,"title":"n","slot":77})", resolution});
    EXPECT_EQ(by_slot.message, "duplicate key value violates unique constraint \"lists_pkey\"");
    EXPECT_EQ(by_slot.code, "23505");
    const auto by_key =
        error({Operation::kInsert, "lists", "", R"({"id":8,"title":"n","slot":9})", resolution});
    EXPECT_EQ(by_key.message, "duplicate key value violates unique constraint \"lists_slot_key\"");
  }
  EXPECT_THAT(changes({Operation::kInsert, "lists", "on_conflict=slot",
                       R"({"id":7,"title":"n","slot":9})", Resolution::kMergeDuplicates})
                  .effects,
              ::testing::SizeIs(1));
}

TEST_F(MutationTest, WhereNobodyElseWritesEveryRowProvesADuplicate) {
  sample::Request again{Operation::kInsert, "todos", "", R"({"id":1,"title":"n"})"};
  again.sole = true;
  EXPECT_EQ(error(again).code, "23505");
}

TEST_F(MutationTest, AnUnknownColumnOfAConflictIsPostgresToName) {
  sample::Request upsert{Operation::kInsert, "todos", "on_conflict=quite_unknown",
                         R"({"id":1,"title":"n"})", Resolution::kMergeDuplicates};
  EXPECT_EQ(error(upsert).code, "42703");
  EXPECT_EQ(error(upsert).message, "column \"quite_unknown\" does not exist");
  // Its hint names columns of the statement that PostgREST makes.
  upsert.query = "on_conflict=titel";
  EXPECT_TRUE(asks_upstream(upsert));
}

TEST_F(MutationTest, TwoRowsOfARequestProveADuplicate) {
  const std::string twice = R"([{"id":8,"title":"n"},{"id":8,"title":"m"}])";
  EXPECT_EQ(error({Operation::kInsert, "todos", "", twice}).code, "23505");
  sample::Request upsert{Operation::kInsert, "todos", "", twice, Resolution::kMergeDuplicates};
  EXPECT_EQ(error(upsert).code, "21000");
  upsert.resolution = Resolution::kIgnoreDuplicates;
  EXPECT_EQ(changes(upsert).effects.size(), 1U);
}

TEST_F(MutationTest, AMissingParentIsTheUpstreamsToJudge) {
  const sample::Request orphan{Operation::kInsert, "todos", "",
                               R"({"id":9,"list_id":77,"title":"n"})"};
  EXPECT_EQ(changes(orphan).effects.size(), 1U);
  sample::Request standalone = orphan;
  standalone.authoritative = true;
  EXPECT_EQ(error(standalone).code, "23503");
  EXPECT_EQ(error(standalone).details, "Key (list_id)=(77) is not present in table \"lists\".");
}

TEST_F(MutationTest, ForeignKeysAreNamedAsReferences) {
  const auto result =
      changes({Operation::kInsert, "todos", "", R"({"id":9,"list_id":2,"title":"n"})"});
  EXPECT_THAT(result.references, ElementsAre(Pair("public.lists", R"({"id":2})")));
  EXPECT_THAT(changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"n"})"}).references,
              IsEmpty());
}

TEST_F(MutationTest, AnUpsertChangesTheRowThatItFinds) {
  sample::Request upsert{Operation::kInsert, "todos", "", R"({"id":1,"title":"new"})",
                         Resolution::kMergeDuplicates};
  const auto result = changes(upsert);
  EXPECT_THAT(describe(result), ElementsAre(R"(insert todos {"id":1} {"title":"new"})"));
  EXPECT_EQ(result.inserted, 0);
  upsert.resolution = Resolution::kIgnoreDuplicates;
  const auto kept = describe(changes(upsert));
  EXPECT_THAT(kept, ElementsAre(R"(insert-ignore todos {"id":1} {"id":1,"title":"new"})"));
}

TEST_F(MutationTest, AnUpsertKeepsTheRowThatItMakesOnceTheOtherIsGone) {
  const auto made =
      changes({Operation::kInsert, "tags", "", R"({"todo_id":1,"name":"x","weight":5})",
               Resolution::kMergeDuplicates});
  EXPECT_EQ(made.effects.at(0).row, R"({"todo_id":1,"name":"x","weight":5})");
}

TEST_F(MutationTest, AnUpsertByAnotherConstraintFindsItsRow) {
  const sample::Request upsert{Operation::kInsert, "lists", "on_conflict=slot&columns=slot,title",
                               R"({"slot":2,"title":"new"})", Resolution::kMergeDuplicates};
  // The key is not given, and lists has no default for it: the row cannot be made, only found.
  EXPECT_EQ(error(upsert).code, "23502");
  EXPECT_EQ(error({Operation::kInsert, "lists", "on_conflict=title", R"({"id":5,"title":"x"})",
                   Resolution::kMergeDuplicates})
                .code,
            "42P10");
}

TEST_F(MutationTest, AnUpsertByAnotherConstraintGivesItsRowTheKeyThatItNames) {
  const auto moved = changes({Operation::kInsert, "lists", "on_conflict=slot",
                              R"({"id":9,"slot":1,"title":"new"})", Resolution::kMergeDuplicates});
  EXPECT_THAT(describe(moved),
              ElementsAre(R"(delete lists {"id":1} {})",
                          R"(insert lists {"id":9} {"id":9,"title":"new","slot":1})"));
  EXPECT_EQ(moved.effects.at(1).row,
            R"({"id":9,"title":"new","slot":1,"updated_at":"2026-11-20T00:00:00+00:00"})");
  EXPECT_THAT(moved.keys, ElementsAre(R"({"id":9})"));
  EXPECT_EQ(moved.inserted, 0);
  // Another row has that key, as far as is known here.
  EXPECT_THAT(changes({Operation::kInsert, "lists", "on_conflict=slot",
                       R"({"id":2,"slot":1,"title":"new"})", Resolution::kMergeDuplicates})
                  .doubt,
              HasSubstr("lists_pkey"));
}

TEST_F(MutationTest, TwoRowsThatAnUpsertFindsAsOneAreRefused) {
  sample::Request upsert{Operation::kInsert, "lists", "on_conflict=slot",
                         R"([{"id":8,"slot":7,"title":"a"},{"id":9,"slot":7,"title":"b"}])",
                         Resolution::kMergeDuplicates};
  EXPECT_EQ(error(upsert).code, "21000");
  upsert.resolution = Resolution::kIgnoreDuplicates;
  EXPECT_EQ(changes(upsert).keys.size(), 1U);
  // A null is like no other.
  upsert.body = R"([{"id":8,"slot":null,"title":"a"},{"id":9,"slot":null,"title":"b"}])";
  upsert.resolution = Resolution::kMergeDuplicates;
  EXPECT_EQ(changes(upsert).keys.size(), 2U);
}

// Each row is sent with the key that it is shown with, or the upstream is asked.
TEST_F(MutationTest, AnUpsertThatMixesOwnKeysWithFoundRowsIsTheUpstreams) {
  const std::string known = "00000000-0000-4000-8000-000000000001";
  sample_.put("notes", R"({"id":")" + known + R"(","body":"here"})");
  sample::Request upsert{Operation::kInsert,           "notes",          "columns=id,body", "",
                         Resolution::kMergeDuplicates, Missing::kDefault};
  upsert.body = R"([{"body":"new"},{"id":")" + known + R"(","body":"changed"}])";
  EXPECT_TRUE(asks_upstream(upsert));
  upsert.body = R"([{"id":")" + known + R"(","body":"changed"},{"body":"new"}])";
  EXPECT_TRUE(asks_upstream(upsert));
}

TEST_F(MutationTest, AnUpdateIsOneEffectForEachVisibleRow) {
  const auto result = changes({Operation::kUpdate, "todos", "list_id=eq.1", R"({"title":"z"})"});
  EXPECT_THAT(describe(result), ElementsAre(R"(update todos {"id":1} {"title":"z"})",
                                            R"(update todos {"id":2} {"title":"z"})"));
  EXPECT_THAT(changes({Operation::kUpdate, "todos", "id=eq.99", R"({"title":"z"})"}).doubt,
              "no row here matches");
}

// A value that only the upstream can make is not known before it has: that is no missing value.
TEST_F(MutationTest, AnUpdateDoesNotTripOverAColumnThatIsNotKnownYet) {
  sample_.put("todos", R"({"id":4,"title":"d","done":false})");  // no updated_at, which is not null
  EXPECT_EQ(changes({Operation::kUpdate, "todos", "id=eq.4", R"({"title":"z"})"}).keys.size(), 1U);
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.4", R"({"updated_at":null})"}).code,
            "23502");
}

// Hard case 13.
TEST_F(MutationTest, AChangedKeyListsBothKeys) {
  const auto result = changes({Operation::kUpdate, "todos", "id=eq.2", R"({"id":11})"});
  EXPECT_THAT(describe(result),
              ElementsAre(R"(delete todos {"id":2} {})", R"(insert todos {"id":11} {"id":11})"));
  EXPECT_THAT(result.keys, ElementsAre(R"({"id":11})"));
}

// Hard case 13.
TEST_F(MutationTest, AChangedKeyTakesAlongTheRowsThatReferToIt) {
  const auto result = changes({Operation::kUpdate, "todos", "id=eq.1", R"({"id":9})"});
  EXPECT_THAT(describe(result),
              ElementsAre(R"(delete todos {"id":1} {})", R"(insert todos {"id":9} {"id":9})",
                          R"(delete tags {"todo_id":1,"name":"x"} {} by itself)",
                          R"(insert tags {"todo_id":9,"name":"x"} {"todo_id":9} by itself)"));
  EXPECT_EQ(result.effects[3].row, R"({"todo_id":9,"name":"x","weight":1})");
}

TEST_F(MutationTest, ADeletionListsWhatItTakesAlong) {
  const auto result = changes({Operation::kDelete, "lists", "id=eq.1"});
  EXPECT_THAT(
      describe(result),
      UnorderedElementsAre(R"(delete lists {"id":1} {})", R"(delete todos {"id":1} {} by itself)",
                           R"(delete tags {"todo_id":1,"name":"x"} {} by itself)",
                           R"(delete todos {"id":2} {} by itself)",
                           R"(update reviews {"id":1} {"list_id":null} by itself)"));
  EXPECT_THAT(result.keys, ElementsAre(R"({"id":1})"));
}

TEST_F(MutationTest, AReplicaWithoutTheChildTableCanDeleteParents) {
  sample::Sample parents_only(sample::catalog(), {"todos", "reviews"});
  parents_only.put("lists", R"({"id":1,"title":"home"})");
  const auto computed = compute(parents_only, {Operation::kDelete, "lists", "id=eq.1"});
  ASSERT_TRUE(std::holds_alternative<Changes>(computed));
  EXPECT_THAT(describe(std::get<Changes>(computed)), ElementsAre(R"(delete lists {"id":1} {})"));
}

TEST_F(MutationTest, ARowThatIsReferredToIsTheUpstreamsToJudge) {
  auto tables = sample::tables();
  for (Table& table : tables) {
    for (ForeignKey& key : table.foreign_keys) key.on_delete = ReferentialAction::kNoAction;
  }
  sample_.reopen(std::make_shared<const Catalog>(tables, std::vector<Function>{}));
  EXPECT_EQ(changes({Operation::kDelete, "lists", "id=eq.2"}).effects.size(), 1U);
  sample::Request standalone{Operation::kDelete, "lists", "id=eq.2"};
  standalone.authoritative = true;
  EXPECT_EQ(error(standalone).message,
            "update or delete on table \"lists\" violates foreign key constraint "
            "\"todos_list_id_fkey\" on table \"todos\"");
}

TEST_F(MutationTest, AColumnOfTheDatabasesOwnCannotBeGiven) {
  auto tables = sample::tables();
  tables[1].columns[4].generated = Generated::kStored;
  tables[5].columns[0].identity = Identity::kAlways;
  sample_.reopen(std::make_shared<const Catalog>(tables, std::vector<Function>{}));
  const auto generated =
      error({Operation::kInsert, "todos", "", R"({"id":9,"title":"n","price":1})"});
  EXPECT_EQ(generated.code, "428C9");
  EXPECT_EQ(generated.message, "cannot insert a non-DEFAULT value into column \"price\"");
  EXPECT_EQ(generated.details, "Column \"price\" is a generated column.");
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.1", R"({"price":1})"}).message,
            "column \"price\" can only be updated to DEFAULT");
  EXPECT_EQ(error({Operation::kInsert, "counters", "", R"({"id":1})"}).hint,
            "Use OVERRIDING SYSTEM VALUE to override.");
}

}  // namespace
}  // namespace holdfast::cache
