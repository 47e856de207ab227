// Values that Postgres prints in a form of its own, which only the upstream knows.

#include <gmock/gmock.h>

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
                                                                  {"words", "tsvector"},
                                                                  {"email", "citext"},
                                                                  {"ages", "int4range"},
                                                                  {"stay", "tstzrange"}}),
                                          {0}));
    tables.back().unique.push_back({"hosts_email_key", {3}});
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
  EXPECT_EQ(answer.body,
            R"-([{"id":1,"address":null,"words":null,"email":null,"ages":"[7,9)","stay":null}])-");
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "(none)");
  const auto changed =
      rest("PATCH", "hosts?id=eq.1", R"({"ages":"(1,4]"})", {{"Prefer", "return=representation"}});
  EXPECT_EQ(changed.body,
            R"-([{"id":1,"address":null,"words":null,"email":null,"ages":"[2,5)","stay":null}])-");
}

TEST_F(ReshapedTest, WordsAddressesOfHostsAndLettersOfAnyCaseHaveOneForm) {
  const auto answer = made("?select=address,words,email",
                           R"({"id":1,"address":"10.0.0.1","words":"fat:2 cat","email":"A@x"})");
  EXPECT_EQ(answer.body, R"([{"address":"10.0.0.1","words":"'cat' 'fat':2","email":"A@x"}])");
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "(none)");
  const auto wrong = made("", R"({"id":2,"words":"a:x"})");
  EXPECT_EQ(wrong.status, 400);
  EXPECT_THAT(wrong.body, ::testing::HasSubstr("syntax error in tsvector: \\\"a:x\\\""));
  for (const char* address :
       {"10.0.0.1/32", "10.0.0", "010.0.0.1", "::1", "1.2.3.256", "1.2.3.4."}) {
    EXPECT_EQ(
        made("?select=address", R"({"id":3,"address":")" + std::string(address) + "\"}").status,
        504)
        << address;
  }
}

// To citext A and a are one, so the row that is here may be the one that is meant.
TEST_F(ReshapedTest, AnUpsertByLettersOfAnyCaseIsTheUpstreams) {
  put("hosts", R"([{"id":1,"address":null,"words":null,"email":"A@x","ages":null,"stay":null}])");
  const auto upsert = [&](const std::string& resolution) {
    return rest("POST", "hosts?on_conflict=email", R"({"id":2,"email":"a@x"})",
                {{"Prefer", "resolution=" + resolution}});
  };
  EXPECT_EQ(upsert("merge-duplicates").status, 504);
  EXPECT_EQ(upsert("ignore-duplicates").status, 504);
  EXPECT_EQ(depth(), 0);
}

TEST_F(ReshapedTest, WordsThatAreGeneratedAreFoundAtOnce) {
  auto notes = cache::sample::table(
      "notes",
      cache::sample::columns({{"id", "integer", false}, {"title", "text"}, {"words", "tsvector"}}),
      {0});
  notes.columns[2].generated = cache::Generated::kStored;
  notes.columns[2].generation_expression = "to_tsvector('english'::regconfig, title)";
  use(std::make_shared<const cache::Catalog>(std::vector{notes}, std::vector<cache::Function>{},
                                             std::vector<std::string>{"public"}));
  const auto made = rest("POST", "notes", R"({"id":1,"title":"Running shoes"})",
                         {{"Prefer", "return=representation"}});
  EXPECT_EQ(made.body, R"([{"id":1,"title":"Running shoes","words":"'run':1 'shoe':2"}])");
  EXPECT_EQ(header(made, "Holdfast-Provisional"), "(none)");
  EXPECT_EQ(rest("GET", "notes?select=id&words=fts(english).shoe").body, R"([{"id":1}])");
  EXPECT_EQ(rest("PATCH", "notes?id=eq.1", R"({"title":"Hats"})").status, 204);
  EXPECT_EQ(rest("GET", "notes?select=words&words=fts(english).hat").body,
            R"([{"words":"'hat':1"}])");
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
