// Values that Postgres prints in a form of its own, which only the upstream knows.

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

class ReshapedTest : public RoutesTest {
 protected:
  ReshapedTest() {
    auto tables = cache::sample::tables();
    tables.push_back(cache::sample::table("hosts",
                                          cache::sample::columns({{"id", "integer", false},
                                                                  {"address", "inet"},
                                                                  {"ages", "int4range"},
                                                                  {"stay", "tstzrange"}}),
                                          {0}));
    use(std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{},
                                               std::vector<std::string>{"public"}));
    go_offline();
  }
  http::Response made(const std::string& query, const std::string& body) {
    return rest("POST", "hosts" + query, body, {{"Prefer", "return=representation"}});
  }
};

TEST_F(ReshapedTest, WhatIsNotKnownIsNotShown) {
  EXPECT_EQ(made("", R"({"id":1,"address":"10.1/16"})").status, 504);
  EXPECT_EQ(made("?select=a:address", R"({"id":1,"address":"10.1/16"})").status, 504);
  EXPECT_EQ(depth(), 0);
}

TEST_F(ReshapedTest, WhatIsNotAskedForIsNotMissing) {
  const auto answer = made("?select=id", R"({"id":1,"address":"10.1/16"})");
  EXPECT_EQ(answer.body, R"([{"id":1}])");
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "address");
}

TEST_F(ReshapedTest, NothingAndARangeHaveOneForm) {
  const auto answer = made("", R"({"id":1,"address":null,"ages":"[7,8]"})");
  EXPECT_EQ(answer.body, R"-([{"id":1,"address":null,"ages":"[7,9)","stay":null}])-");
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "(none)");
  const auto changed =
      rest("PATCH", "hosts?id=eq.1", R"({"ages":"(1,4]"})", {{"Prefer", "return=representation"}});
  EXPECT_EQ(changed.body, R"-([{"id":1,"address":null,"ages":"[2,5)","stay":null}])-");
}

// The request that is sent later names no zone.
TEST_F(ReshapedTest, MomentsInARangeAreNotReadInTheWrongZone) {
  const std::string body = R"-({"id":1,"stay":"[2026-01-01 08:00,2026-01-01 09:00)"})-";
  EXPECT_EQ(rest("POST", "hosts", body, {{"Prefer", "timezone=Europe/Vienna"}}).status, 504);
  EXPECT_EQ(depth(), 0);
  EXPECT_EQ(rest("POST", "hosts", body).status, 201);
}

}  // namespace
}  // namespace holdfast::routes
