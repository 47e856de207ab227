#include "cache/replica/schema_change.h"

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

Table table_of(const std::vector<std::pair<std::string, std::string>>& columns,
               const std::vector<std::size_t>& key = {0}) {
  Table table;
  table.schema = "public";
  table.name = "t";
  for (const auto& [name, type] : columns) {
    Column column;
    column.name = name;
    column.storage_name = name;
    column.type = make_type(type);
    table.columns.push_back(column);
  }
  table.primary_key = Key{"t_pkey", key};
  return table;
}

Table with_labels(Table table, const std::vector<std::string>& labels) {
  table.columns[1].type = make_type("mood", labels);
  return table;
}

TEST(SchemaChangeTest, WhatStaysRightIsNotReadAgain) {
  const Table table = table_of({{"id", "integer"}, {"name", "character varying(20)"}});
  const std::string signature = signature_of(table);
  EXPECT_TRUE(change_since(signature, table).none());
  EXPECT_TRUE(change_since(signature, table_of({{"id", "integer"}, {"name", "text"}})).none());
  EXPECT_TRUE(change_since(signature, table_of({{"id", "integer"}})).none()) << "dropped";
  const auto moved = table_of({{"name", "text"}, {"id", "integer"}}, {1});
  EXPECT_TRUE(change_since(signature, moved).none()) << "another order";
}

TEST(SchemaChangeTest, OnlyAddedColumnsAreReadOfATableThatGotThem) {
  const std::string signature = signature_of(table_of({{"id", "integer"}, {"a", "text"}}));
  const auto change =
      change_since(signature, table_of({{"id", "integer"}, {"new column", "text"}, {"a", "text"}}));
  EXPECT_FALSE(change.read_again);
  EXPECT_EQ(change.added, std::vector<std::size_t>{1});
}

TEST(SchemaChangeTest, ANewTypeOrKeyReadsTheTableAgain) {
  const std::string signature = signature_of(table_of({{"id", "integer"}, {"a", "text"}}));
  EXPECT_TRUE(change_since(signature, table_of({{"id", "integer"}, {"a", "integer"}})).read_again);
  const auto key = change_since(signature, table_of({{"id", "integer"}, {"a", "text"}}, {1}));
  EXPECT_TRUE(key.read_again && key.other_key);
}

TEST(SchemaChangeTest, AddedLabelsOfAnEnumChangeNothingAndRenamedOnesDo) {
  const Table base = table_of({{"id", "integer"}, {"mood", "text"}});
  const std::string signature = signature_of(with_labels(base, {"sad", "ok, so", "happy"}));
  const auto change = [&](const std::vector<std::string>& labels) {
    return change_since(signature, with_labels(base, labels)).read_again;
  };
  EXPECT_FALSE(change({"sad", "ok, so", "happy"}));
  EXPECT_FALSE(change({"sad", "better", "ok, so", "happy", "great"}));
  EXPECT_TRUE(change({"sad", "ok, so", "glad"}));
}

// A store whose table reviews becomes another one while a write waits.
class DriftTest : public ::testing::Test {
 protected:
  DriftTest() {
    sample_.put("reviews", R"([{"id":1,"list_id":1},{"id":2,"list_id":2}])");
    sample_.complete();
    Effect update{"public.reviews", R"({"id":1})", EffectKind::kUpdate, R"({"list_id":9})"};
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, 1, {&update, 1});
    });
  }
  Table& reviews() { return tables_[3]; }
  void reopen() {
    sample_.reopen(std::make_shared<const Catalog>(tables_, std::vector<Function>{}));
  }

  sample::Sample sample_;
  std::vector<Table> tables_ = sample::tables();
};

TEST_F(DriftTest, ARetypedColumnKeepsTheWriteThatItsNewTypeCannotHold) {
  reviews().columns[1].type = make_type("uuid");
  reopen();
  EXPECT_EQ(sample_.store().status(sample_.table("reviews")), TableStatus::kSyncing);
  EXPECT_EQ(sample_.rows("reviews", {"id", "list_id"}), R"({"id":1,"list_id":null})");
  auto reader = sample_.store().reader();
  EXPECT_EQ(sample_.overlay().effects(*reader, 1).at(0).changes, R"({"list_id":9})");
  sample_.put("reviews", R"([{"id":1,"list_id":"00000000-0000-4000-8000-000000000001"}])");
  EXPECT_EQ(sample_.rows("reviews", {"id", "list_id"}),
            R"({"id":1,"list_id":"00000000-0000-4000-8000-000000000001"})");
}

TEST_F(DriftTest, AnotherKeyNamesThePendingRowsAnew) {
  reviews().primary_key->columns = {0, 1};
  reopen();
  auto reader = sample_.store().reader();
  EXPECT_EQ(sample_.overlay().effects(*reader, 1).at(0).key, R"({"id":1,"list_id":1})");
  EXPECT_EQ(sample_.overlay().pending_rows(*reader, "public.reviews"), 1);
  EXPECT_EQ(sample_.store().status(sample_.table("reviews")), TableStatus::kSyncing);
}

TEST_F(DriftTest, AnotherKeyNamesAWaitingInsertAnew) {
  const std::string whole = R"({"id":3,"list_id":3})";
  Effect insert{"public.reviews", R"({"id":3})", EffectKind::kInsert, whole, whole};
  sample_.write([&](Transaction& transaction) {
    sample_.overlay().apply(transaction, 2, {&insert, 1});
  });
  reviews().primary_key->columns = {0, 1};
  reopen();
  auto reader = sample_.store().reader();
  EXPECT_EQ(sample_.overlay().effects(*reader, 2).at(0).key, whole);
}

TEST_F(DriftTest, ADroppedColumnThatComesBackHasNoneOfItsOldValues) {
  const Column list_id = reviews().columns[1];
  const auto keys = reviews().foreign_keys;
  reviews().columns.pop_back();
  reviews().foreign_keys.clear();
  reopen();
  EXPECT_EQ(sample_.store().status(sample_.table("reviews")), TableStatus::kComplete);
  EXPECT_EQ(sample_.rows("reviews", {"id"}), R"({"id":1}{"id":2})");
  reviews().columns.push_back(list_id);
  reviews().columns[1].type = make_type("numeric");
  reviews().foreign_keys = keys;
  reopen();
  EXPECT_EQ(sample_.rows("reviews", {"id", "list_id"}),
            R"({"id":1,"list_id":9}{"id":2,"list_id":null})");
}

TEST_F(DriftTest, WhatIsNotKeptAnyMoreIsNotInTheFile) {
  sample_.put("notes", R"([{"id":"00000000-0000-4000-8000-000000000001","body":"kept","number":7},
                           {"id":"00000000-0000-4000-8000-000000000002","body":"too","number":8}])");
  const auto filled = [&](const std::string& column) {
    return sample_.number("SELECT count(" + column + ") FROM \"public.notes\"");
  };
  ASSERT_EQ(filled("number"), 2);
  tables_[4].columns[2].kept = false;
  reopen();
  EXPECT_EQ(filled("number"), 0);
  EXPECT_EQ(filled("body"), 2);
  tables_[4].columns.erase(tables_[4].columns.begin() + 1);
  reopen();
  EXPECT_EQ(filled("body"), 0) << "dropped upstream";
}

TEST_F(DriftTest, ATableThatWasNotFollowedForAWhileIsCompared) {
  sample_.leave_out({"reviews"});
  reopen();
  sample_.leave_out({});
  reopen();
  EXPECT_EQ(sample_.number("SELECT recheck FROM hf_tables WHERE relation='public.reviews'"), 2);
  EXPECT_EQ(sample_.number("SELECT recheck FROM hf_tables WHERE relation='public.lists'"), 0);
}

}  // namespace
}  // namespace holdfast::cache
