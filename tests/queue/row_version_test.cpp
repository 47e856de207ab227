#include "queue/row_version.h"

#include <gmock/gmock.h>

#include "gateway/http/uri.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

// Two devices that send at the same time must not both find the row as it was.
class IncomparableTest : public QueueTest {
 protected:
  // The decoded target of the call number `index`.
  std::string target(std::size_t index) {
    return http::percent_decode(upstream_.calls().at(index).target);
  }
  IncomparableTest() {
    auto tables = cache::sample::tables();
    tables.push_back(cache::sample::table(
        "shelves",
        cache::sample::columns(
            {{"id", "integer", false}, {"labels", "text[]"}, {"plan", "json"}, {"place", "text"}}),
        {0}));
    sample_.reopen(std::make_shared<const cache::Catalog>(tables, std::vector<cache::Function>{},
                                                          std::vector<std::string>{"public"}));
    sample_.put("shelves", kShelf);
  }
  static constexpr const char* kShelf = R"([{"id":1,"labels":["a"],"plan":{"x":1},"place":"p"}])";
  static constexpr const char* kChanged = R"([{"id":1,"labels":["b"],"plan":{"x":1},"place":"p"}])";
};

TEST_F(IncomparableTest, AnArrayIsComparedInTheRequestThatChangesIt) {
  const auto sequence = update("shelves", 1, R"({"labels":["b"]})");
  answer(200, kChanged);
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("PATCH /rest/v1/shelves"));
  EXPECT_THAT(target(0), HasSubstr("&labels=eq.{a}"));
  EXPECT_THAT(target(0), HasSubstr("&place=eq.p"));
}

TEST_F(IncomparableTest, WhereTheServerCannotCompareItTheRowIsReadBefore) {
  for (const int status : {500, 404}) {
    sample_.put("shelves", kShelf);
    upstream_.clear_calls();
    const auto sequence = update("shelves", 1, R"({"labels":["b"]})");
    answer(status, error(status == 500 ? "SUP" : "42883"));
    answer(200, kShelf);
    answer(200, kChanged);
    drain();
    expect_state(sequence, "acknowledged");
    EXPECT_THAT(calls(), ElementsAre("PATCH /rest/v1/shelves", "GET /rest/v1/shelves",
                                     "PATCH /rest/v1/shelves"));
    EXPECT_THAT(target(2), Not(HasSubstr("labels=eq")));
    EXPECT_THAT(target(2), HasSubstr("&place=eq.p"));
  }
}

// json has no equality.
TEST_F(IncomparableTest, ARowIsReadBeforeItsJsonIsChanged) {
  const auto sequence = update("shelves", 1, R"({"plan":{"x":2}})");
  answer(200, kShelf);
  answer(200, R"([{"id":1,"labels":["a"],"plan":{"x":2},"place":"p"}])");
  drain();
  expect_state(sequence, "acknowledged");
  EXPECT_THAT(calls(), ElementsAre("GET /rest/v1/shelves", "PATCH /rest/v1/shelves"));
}

}  // namespace
}  // namespace holdfast::queue
