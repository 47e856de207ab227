// What the schema says of a single row: generated columns, CHECKs, and triggers that may change it.

#include <gmock/gmock.h>

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RowRulesTest : public ::testing::Test {
 protected:
  RowRulesTest() {
    sample_.put("todos", R"([{"id":1,"list_id":1,"title":"a","done":false},
                             {"id":2,"list_id":1,"title":"b","done":true}])");
  }

  Changes changes(const sample::Request& request) {
    auto computed = sample::compute(sample_, request);
    if (auto* error = std::get_if<Error>(&computed)) ADD_FAILURE() << error->message;
    auto* changes = std::get_if<Changes>(&computed);
    return changes == nullptr ? Changes() : std::move(*changes);
  }
  Error error(const sample::Request& request) {
    auto computed = sample::compute(sample_, request);
    auto* error = std::get_if<Error>(&computed);
    return error == nullptr ? Error{ErrorKind::kNotFound, "no error", "", {}, {}} : *error;
  }

  sample::Sample sample_;
};

// todos with a price that is made from list_id, and what else `change` gives the table.
std::shared_ptr<const Catalog> priced(const std::function<void(Table&)>& change = {}) {
  auto tables = sample::tables();
  Column& price = tables[1].columns[4];
  price.generated = Generated::kStored;
  price.generation_expression = "((list_id)::numeric * 2.5)";
  if (change) change(tables[1]);
  return std::make_shared<const Catalog>(std::move(tables), std::vector<Function>{});
}

TEST_F(RowRulesTest, AGeneratedColumnIsComputedWhereItsExpressionIsKnown) {
  sample_.reopen(priced());
  const auto made =
      changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"n","list_id":1})"});
  EXPECT_THAT(made.provisional, Not(Contains("price")));
  EXPECT_THAT(made.effects[0].row, HasSubstr(R"("price":2.50)"));
  EXPECT_THAT(changes({Operation::kUpdate, "todos", "id=eq.1", R"({"list_id":2})"}).provisional,
              IsEmpty());
  sample_.reopen(
      priced([](Table& table) { table.columns[4].generation_expression = "md5(title)"; }));
  EXPECT_THAT(changes({Operation::kUpdate, "todos", "id=eq.1", R"({"title":"n"})"}).provisional,
              ElementsAre("price"));
}

TEST_F(RowRulesTest, AGeneratedColumnIsProvisionalWhereATriggerMayChangeTheRow) {
  const auto made = [&](Trigger trigger) {
    sample_.reopen(priced([&](Table& table) { table.triggers.push_back(trigger); }));
    return changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"n","list_id":1})"})
        .provisional;
  };
  EXPECT_THAT(made({"stamp", true, true, false, true}), Contains("price"));
  EXPECT_THAT(made({"audit", true, true, true, false}), Not(Contains("price")));
  EXPECT_THAT(made({"stamp", false, true, false, true}), Not(Contains("price")));
}

TEST_F(RowRulesTest, ACheckThatIsSurelyViolatedIsRefused) {
  const auto checked = [](Table& table) {
    table.checks = {{"todos_check", "((NOT done) OR (title <> ''::text))"},
                    {"todos_title_check", "(char_length(title) < 5)"}};
  };
  sample_.reopen(priced(checked));
  const auto refused = error({Operation::kInsert, "todos", "", R"({"id":9,"title":"longer"})"});
  EXPECT_EQ(refused.code, "23514");
  EXPECT_EQ(refused.message,
            "new row for relation \"todos\" violates check constraint \"todos_title_check\"");
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.1", R"({"title":"longer"})"}).code, "23514");
  EXPECT_EQ(error({Operation::kUpdate, "todos", "id=eq.1", R"({"title":"","done":true})"}).message,
            "new row for relation \"todos\" violates check constraint \"todos_check\"");
  // Whether it is done may be another's change that is not here yet.
  EXPECT_EQ(changes({Operation::kUpdate, "todos", "id=eq.2", R"({"title":""})"}).keys.size(), 1U);
  sample_.reopen(priced([&](Table& table) {
    checked(table);
    table.triggers.push_back({"shorten", true, true, false, true});
  }));
  EXPECT_EQ(changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"longer"})"}).inserted, 1);
}

TEST_F(RowRulesTest, ACheckOfAValueThatTheUpstreamMakesIsLeftToIt) {
  sample_.reopen(priced([](Table& table) {
    table.columns[4].generation_expression = "md5(title)";
    table.checks = {{"todos_price_check", "(price IS NOT NULL)"}};
  }));
  EXPECT_EQ(changes({Operation::kInsert, "todos", "", R"({"id":9,"title":"n"})"}).inserted, 1);
}

TEST_F(RowRulesTest, AMissingValueThatATriggerMayFillInIsNotRefused) {
  const auto with = [&](bool before) {
    sample_.reopen(priced([&](Table& table) {
      table.triggers.push_back({"fill", true, false, false, before});
    }));
    return sample::Request{Operation::kInsert, "todos", "", R"({"id":9})"};
  };
  EXPECT_THAT(changes(with(true)).provisional, Contains("title"));
  EXPECT_EQ(error(with(false)).code, "23502");
}

TEST_F(RowRulesTest, AGeneratedColumnFollowsTheRowUnderAPendingWrite) {
  sample_.reopen(priced());
  auto made = changes({Operation::kUpdate, "todos", "id=eq.1", R"({"title":"n"})"});
  sample_.write(
      [&](Transaction& transaction) { sample_.overlay().apply(transaction, 1, made.effects); });
  EXPECT_EQ(sample_.rows("todos", {"price"}), R"({"price":2.50}{"price":null})");
  sample_.put("todos", R"([{"id":1,"list_id":2,"title":"a","done":false,"price":9}])");
  EXPECT_EQ(sample_.rows("todos", {"price"}), R"({"price":5.00}{"price":null})");
}

TEST_F(RowRulesTest, AGeneratedColumnThatIsNotUnderstoodIsNotShownAsItWas) {
  sample_.reopen(
      priced([](Table& table) { table.columns[4].generation_expression = "md5(title)"; }));
  sample_.put("todos", R"([{"id":1,"list_id":2,"title":"a","done":false,"price":9},
                           {"id":2,"list_id":2,"title":"b","done":false,"price":8}])");
  auto renamed = changes({Operation::kUpdate, "todos", "id=eq.1", R"({"title":"n"})"});
  EXPECT_THAT(renamed.provisional, ElementsAre("price"));
  auto done = changes({Operation::kUpdate, "todos", "id=eq.2", R"({"done":true})"});
  EXPECT_THAT(done.provisional, IsEmpty()) << "it is not made from that";
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().apply(transaction, 1, renamed.effects);
    sample_.overlay().apply(transaction, 2, done.effects);
  });
  EXPECT_EQ(sample_.rows("todos", {"price"}), R"({"price":null}{"price":8.00})");
}

}  // namespace
}  // namespace holdfast::cache
