#include "routes/row_counts.h"

#include <gtest/gtest.h>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

// Passes so much time with every look at it: what happens between two looks takes as long.
class PassingClock final : public Clock {
 public:
  Timestamp now() const override { return {}; }
  MonotonicTime monotonic() const override { return now_ += step; }

  std::chrono::milliseconds step{0};

 private:
  mutable MonotonicTime now_{std::chrono::hours(1)};
};

class RowCountsTest : public RoutesTest {
 protected:
  std::int64_t todos() {
    const auto reader = store_->reader();
    return counts_.count(store_, *reader, *store_->catalog().find("public", "todos"));
  }

  PassingClock counting_;
  RowCounts counts_{counting_};
};

constexpr const char* kOne = R"([{"id": 1, "list_id": 1, "title": "one"}])";
constexpr const char* kTwo = R"([{"id": 2, "list_id": 1, "title": "two"}])";

TEST_F(RowCountsTest, ACountThatTookNoTimeIsNeverOld) {
  put("todos", kOne);
  EXPECT_EQ(todos(), 1);
  put("todos", kTwo);
  EXPECT_EQ(todos(), 2);
}

TEST_F(RowCountsTest, ALongCountIsKeptForAWhileThoughMoreIsWritten) {
  put("todos", kOne);
  counting_.step = RowCounts::kLong;
  EXPECT_EQ(todos(), 1);
  put("todos", kTwo);
  EXPECT_EQ(todos(), 1);
  counting_.step = RowCounts::kKept * RowCounts::kLong;
  EXPECT_EQ(todos(), 2);
}

TEST_F(RowCountsTest, AShortCountIsNotKeptBeyondAWrite) {
  put("todos", kOne);
  counting_.step = RowCounts::kLong - std::chrono::milliseconds(1);
  EXPECT_EQ(todos(), 1);
  put("todos", kTwo);
  EXPECT_EQ(todos(), 2);
}

TEST_F(RowCountsTest, ATableThatHasBecomeCompleteIsCountedAnew) {
  const cache::Table& table = *store_->catalog().find("public", "todos");
  store_->publish(table, cache::TableStatus::kSyncing);
  put("todos", kOne);
  counting_.step = RowCounts::kLong;
  EXPECT_EQ(todos(), 1);
  put("todos", kTwo);
  EXPECT_EQ(todos(), 1);
  store_->publish(table, cache::TableStatus::kComplete);
  EXPECT_EQ(todos(), 2);
}

TEST_F(RowCountsTest, AStoreThatIsOpenedAnewIsCountedAnew) {
  put("todos", kOne);
  counting_.step = RowCounts::kLong;
  EXPECT_EQ(todos(), 1);
  put("todos", kTwo);
  use(cache::sample::catalog());
  EXPECT_EQ(todos(), 2);
}

}  // namespace
}  // namespace holdfast::routes
