#include "cache/replica/row_order.h"

#include <gmock/gmock.h>

#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

using ::testing::ElementsAre;

class RowOrderTest : public ::testing::Test {
 protected:
  RowOrderTest()
      : staff_(sample::table(
            "staff", sample::columns({{"id", "integer", false}, {"boss", "integer"}}), {0})) {
    staff_.foreign_keys.push_back(
        sample::reference("staff_boss_fkey", 1, "staff", ReferentialAction::kNoAction));
  }
  std::vector<std::size_t> order(const std::string& rows) {
    return children_first(staff_, parse_rows(staff_, rows).value());
  }

  Table staff_;
};

TEST_F(RowOrderTest, WhoIsReferredToGoesAfterThoseWhoRefer) {
  EXPECT_THAT(order(R"([{"id":1,"boss":null},{"id":2,"boss":1},{"id":3,"boss":2}])"),
              ElementsAre(2, 1, 0));
  EXPECT_THAT(order(R"([{"id":2,"boss":1},{"id":3,"boss":1},{"id":4,"boss":3}])"),
              ElementsAre(0, 2, 1));
}

TEST_F(RowOrderTest, WhatRefersToItselfOrInACircleKeepsItsPlace) {
  EXPECT_THAT(order(R"([{"id":1,"boss":1},{"id":2,"boss":3},{"id":3,"boss":2}])"),
              ElementsAre(0, 1, 2));
}

TEST_F(RowOrderTest, WithoutAKeyOfItsOwnATablesRowsKeepTheirOrder) {
  staff_.foreign_keys.clear();
  EXPECT_THAT(order(R"([{"id":1,"boss":null},{"id":2,"boss":1}])"), ElementsAre(0, 1));
}

}  // namespace
}  // namespace holdfast::cache
