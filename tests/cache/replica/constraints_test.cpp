#include "cache/replica/constraints.h"

#include <gtest/gtest.h>

#include "tests/cache/replica/sample.h"
#include "tests/support/postgres.h"

namespace holdfast::cache {
namespace {

// The words are held against those of a real PostgreSQL.
class ConstraintsTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new test::PostgresCluster();
    cluster_->run(
        "create table wide (id int primary key, flag boolean, code character(4),"
        " note text, title text not null, constraint wide_code_key unique (code, flag))");
  }
  static void TearDownTestSuite() {
    delete cluster_;
    cluster_ = nullptr;
  }

  static Table wide() {
    Table table = sample::table("wide",
                                sample::columns({{"id", "integer", false},
                                                 {"flag", "boolean"},
                                                 {"code", "character(4)"},
                                                 {"note", "text"},
                                                 {"title", "text", false}}),
                                {0});
    table.unique.push_back({"wide_code_key", {2, 1}});
    return table;
  }
  static std::string said_by_postgres(const std::string& sql) {
    try {
      cluster_->run(sql);
      return "(no error)";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  static void expect_same(const Error& error, const std::string& sql) {
    const std::string words = said_by_postgres(sql);
    EXPECT_NE(words.find(error.message), std::string::npos) << words << "\n" << error.message;
    EXPECT_NE(words.find(*error.details), std::string::npos) << words << "\n" << *error.details;
  }

  static test::PostgresCluster* cluster_;
};

test::PostgresCluster* ConstraintsTest::cluster_ = nullptr;

TEST_F(ConstraintsTest, AMissingValueIsRefusedInPostgresWords) {
  const Table table = wide();
  std::string note;
  for (int i = 0; i < 40; ++i) note += "ü";  // 80 bytes, cut at 64 within whole characters
  note.insert(0, "x");
  const Row row =
      parse_row(table, R"({"id":1,"flag":true,"code":"ab","note":")" + note + "\"}").value();
  const auto error = check_row(table, row, {});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "23502");
  expect_same(*error, "insert into wide values (1, true, 'ab', '" + note + "', null)");
  EXPECT_FALSE(check_row(table, row, {"title"})) << "the upstream will compute it";
}

TEST_F(ConstraintsTest, AViolatedCheckIsRefusedInPostgresWords) {
  Table table = wide();
  table.checks = {{"short", "(char_length(note) < 3)"}, {"wide_id_check", "(id > 0)"}};
  const Row row =
      parse_row(table, R"({"id":-1,"flag":true,"code":"ab","note":"abc","title":"t"})").value();
  const auto error = check_expressions(table, row, {});
  ASSERT_TRUE(error);
  EXPECT_EQ(error->code, "23514");
  expect_same(*error,
              "begin; alter table wide add constraint wide_id_check check (id > 0),"
              " add constraint short check (char_length(note) < 3);"
              "insert into wide values (-1, true, 'ab', 'abc', 't')");
  EXPECT_NE(check_expressions(table, row, {3})->message.find("wide_id_check"), std::string::npos);
  EXPECT_FALSE(check_expressions(table, row, {0, 3}));
  for (Check& check : table.checks) check.name.clear();
  EXPECT_FALSE(check_expressions(table, row, {})) << "a bundle does not tell the name";
}

TEST_F(ConstraintsTest, ADuplicateIsRefusedInPostgresWords) {
  const Table table = wide();
  const Row row =
      parse_row(table, R"({"id":7,"flag":true,"code":"ab","note":null,"title":"t"})").value();
  cluster_->run("insert into wide values (7, true, 'ab', null, 't')");
  expect_same(duplicate_key(table, *table.primary_key, row),
              "insert into wide values (7, true, 'cd', null, 't')");
  expect_same(duplicate_key(table, table.unique[0], row),
              "insert into wide values (8, true, 'ab', null, 't')");
}

// "position" is a keyword of Postgres'.
TEST_F(ConstraintsTest, NamesAreQuotedWherePostgresQuotesThem) {
  cluster_->run(
      "create table \"Odd\" (id int primary key, position int, \"Slot\" int,"
      " constraint odd_key unique (position, \"Slot\"))");
  Table table = sample::table(
      "Odd",
      sample::columns({{"id", "integer", false}, {"position", "integer"}, {"Slot", "integer"}}),
      {0});
  table.unique.push_back({"odd_key", {1, 2}});
  cluster_->run("insert into \"Odd\" values (1, 2, 3)");
  const Row row = parse_row(table, R"({"id":2,"position":2,"Slot":3})").value();
  expect_same(duplicate_key(table, table.unique[0], row), "insert into \"Odd\" values (2, 2, 3)");
  cluster_->run(
      "create table \"Kid\" (id int primary key, \"Odd\" int,"
      " constraint kid_fkey foreign key (\"Odd\") references \"Odd\")");
  Table kid =
      sample::table("Kid", sample::columns({{"id", "integer", false}, {"Odd", "integer"}}), {0});
  kid.foreign_keys.push_back(sample::reference("kid_fkey", 1, "Odd", ReferentialAction::kNoAction));
  const Row orphan = parse_row(kid, R"({"id":1,"Odd":9})").value();
  expect_same(missing_parent(kid, kid.foreign_keys[0], table, orphan),
              "insert into \"Kid\" values (1, 9)");
}

TEST_F(ConstraintsTest, OnlyAKeyCanBeAConflictsTarget) {
  const Table table = wide();
  EXPECT_TRUE(require_unique(table, {0}));
  EXPECT_TRUE(require_unique(table, {1, 2}));
  const auto refused = require_unique(table, {1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "42P10");
}

}  // namespace
}  // namespace holdfast::cache
