#include "cache/sqlite/function.h"

#include <gtest/gtest.h>

#include "cache/sqlite/database.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

void refuse_negative(FunctionContext& context, Arguments arguments) {
  const ValueView argument = arguments[0];
  const auto* number = std::get_if<std::int64_t>(&argument);
  if (number == nullptr) return context.null();
  if (*number < 0) return context.fail("out of range");
  context.integer(*number + 1);
}

void count_step(FunctionContext& context, Arguments) {
  ++*static_cast<std::int64_t*>(context.aggregate(sizeof(std::int64_t)));
}
void count_finish(FunctionContext& context) {
  const auto* count = static_cast<const std::int64_t*>(context.aggregate(0));
  context.integer(count == nullptr ? -1 : *count);
}

int backwards(std::string_view a, std::string_view b) { return b.compare(a); }

constexpr const char* kKind = "test-object";
void read_object(FunctionContext& context, Arguments arguments) {
  const auto* object = static_cast<const std::string*>(arguments.pointer(0, kKind));
  object == nullptr ? context.text("none") : context.text(*object);
}

class FunctionTest : public ::testing::Test {
 protected:
  FunctionTest() {
    database_.define(ScalarFunction{"hf_next", 1, refuse_negative});
    database_.define(AggregateFunction{"hf_count", 1, count_step, count_finish});
    database_.define(Collation{"HF_BACKWARDS", backwards});
    database_.define(ScalarFunction{"hf_object", 1, read_object});
  }

  Value one(std::string_view sql) {
    Statement statement(database_, sql);
    return statement.step() ? own(statement.column(0)) : Value();
  }

  support::TempDir dir_;
  Database database_{(dir_.path() / "test.db").string(), OpenMode::kReadWrite};
};

TEST_F(FunctionTest, AFunctionsErrorIsAnOutcomeWithItsWords) {
  Statement statement(database_, "SELECT hf_next(?1)");
  statement.bind(1, std::int64_t{-1});
  EXPECT_EQ(statement.try_step(), Statement::Step::kFunctionError);
  EXPECT_EQ(statement.error_text(), "out of range");
  // The statement is reset and good for further use.
  statement.bind(1, std::int64_t{41});
  ASSERT_EQ(statement.try_step(), Statement::Step::kRow);
  EXPECT_EQ(statement.integer(0), 42);
}

TEST_F(FunctionTest, WhoDoesNotExpectAFunctionsErrorGetsAFault) {
  Statement statement(database_, "SELECT hf_next(-1)");
  EXPECT_THROW(statement.step(), SqliteError);
}

TEST_F(FunctionTest, AConstraintIsAFaultAndNoFunctionsError) {
  database_.execute("CREATE TABLE t(a PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES(1)");
  Statement statement(database_, "INSERT INTO t VALUES(hf_next(0))");
  EXPECT_THROW(statement.try_step(), SqliteError);
}

TEST_F(FunctionTest, AnAggregateFinishesAlsoAnEmptyGroup) {
  EXPECT_EQ(one("SELECT hf_count(1) FROM (VALUES(1),(2))"), Value(std::int64_t{2}));
  EXPECT_EQ(one("SELECT hf_count(1) WHERE false"), Value(std::int64_t{-1}));
}

TEST_F(FunctionTest, ACollationOrders) {
  EXPECT_EQ(one("SELECT column1 FROM (VALUES('a'),('b'),('')) ORDER BY 1 COLLATE HF_BACKWARDS"),
            Value(std::string("b")));
}

TEST_F(FunctionTest, AnObjectIsSeenOnlyUnderItsKind) {
  const std::string object = "an object";
  Statement statement(database_, "SELECT hf_object(?1)");
  statement.bind_pointer(1, &object, kKind);
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.text(0), "an object");
  statement.reset();
  statement.bind_pointer(1, &object, "another-kind");
  ASSERT_TRUE(statement.step());
  EXPECT_EQ(statement.text(0), "none");
}

// A file from elsewhere could bring a view that calls our functions.
TEST_F(FunctionTest, ASchemaMayNotCallFunctionsThatAreForStatements) {
  database_.execute("CREATE VIEW v AS SELECT hf_next(1) AS n");
  EXPECT_THROW(one("SELECT n FROM v"), SqliteError);
}

}  // namespace
}  // namespace holdfast::cache
