#include <limits>

#include "cache/replica/temporary_ids.h"
#include "tests/routes/temporary_ids_fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

class NamedIdsTest : public TemporaryIdsTest {};

TEST_F(NamedIdsTest, TheRealIdTakesItsPlaceInRowsAndInWhatWaits) {
  insert(R"({"name":"a"})");
  EXPECT_EQ(rest("PATCH", "counters?id=eq.-1800000001", R"({"name":"changed"})").status, 204);
  EXPECT_EQ(rest("POST", "counters", R"({"name":"child","parent":-1800000001})").status, 201);
  EXPECT_EQ(rest("POST", "marks", R"({"counter":-1800000001,"label":"m"})").status, 201);
  EXPECT_EQ(rest("POST", "dots", R"({"id":1,"counter":-1800000001,"label":"m"})").status, 201);
  upstream_takes_all();
  go_online();
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent(),
              ElementsAre(R"(POST counters {"name":"a"})", StartsWith("PATCH counters?id=eq.42"),
                          R"(POST counters {"name":"child","parent":42})",
                          R"(POST marks {"counter":42,"label":"m"})",
                          R"(POST dots {"id":1,"counter":42,"label":"m"})"));
  go_offline();
  EXPECT_EQ(rows("counters?order=id"), json::parse(R"([{"id":42,"name":"changed","parent":null},
                                                       {"id":43,"name":"child","parent":42}])"));
  EXPECT_EQ(rows("marks"), json::parse(R"([{"counter":42,"label":"m"}])"));
  EXPECT_EQ(rows("dots?select=counter"), json::parse(R"([{"counter":42}])"));
}

// Hard case 13: in a column without a foreign key, in lists and in JSON; other numbers are left.
TEST_F(NamedIdsTest, TheRealIdTakesItsPlaceWhereverItIsNamed) {
  insert(R"({"name":"a"})");
  EXPECT_EQ(rest("POST", "baskets",
                 R"({"id":1,"counter":-1800000001,"change":-1,"list":[-1800000001,-7],)"
                 R"("content":{"c": -1800000001,"s":["-1800000001"],"-1800000001":2.5},)"
                 R"("note":"see -1800000001 and 5-1800000001"})")
                .status,
            201);
  EXPECT_EQ(rest("PATCH", "baskets?counter=eq.-1800000001", R"({"note":"-1800000001"})").status,
            204);
  upstream_takes_all();
  go_online();
  dispatcher_.drain(*store_);
  ASSERT_EQ(sent().size(), 3U);
  EXPECT_THAT(sent().at(0), StartsWith("POST counters"));
  const auto body = json::parse(sent().at(1).substr(std::string("POST baskets ").size()));
  EXPECT_EQ(body, json::parse(R"({"id":1,"counter":42,"change":-1,"list":[42,-7],
                                  "content":{"c":42,"s":["42"],"42":2.5},
                                  "note":"see -1800000001 and 5-1800000001"})"));
  EXPECT_THAT(sent().at(2), HasSubstr(R"({"note":"42"})"));
  go_offline();
  EXPECT_EQ(rows("baskets?id=eq.1&select=counter,list,content->c"),
            json::parse(R"([{"counter":42,"list":[42,-7],"c":42}])"));
  EXPECT_EQ(rows("baskets?select=id&content->>c=eq.-1800000001"), json::parse(R"([{"id":1}])"));
  EXPECT_EQ(rows("baskets?select=id&list=cs.{-1800000001}"), json::parse(R"([{"id":1}])"));
  EXPECT_EQ(rest("POST", "baskets", R"({"id":2,"list":"{-1800000001}"})").status, 201);
  EXPECT_EQ(rows("baskets?select=list&id=eq.2"), json::parse(R"([{"list":[42]}])"));
}

TEST_F(NamedIdsTest, WhatNamesAnUnknownIdInJsonWaits) {
  insert(R"({"name":"a"})");
  rest("POST", "baskets", R"({"id":1,"content":{"c":-1800000001}})");
  nothing_is_there();
  upstream_.push(503, R"({"code":"PGRST002","message":"busy"})",
                 {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent(), ElementsAre(R"(POST counters {"name":"a"})"));
}

// Nor would it mean anything there.
TEST_F(NamedIdsTest, AnIdThatWasGivenUpIsNotSent) {
  insert(R"({"name":"a"})");
  const auto entry = json::parse(control("GET", "/outbox").body).at(0).at("id").get<std::string>();
  EXPECT_EQ(control("POST", "/outbox/" + entry + "/discard").status, 200);
  EXPECT_EQ(rest("POST", "baskets", R"({"id":1,"content":{"c":-1800000001}})").status, 409);
  EXPECT_EQ(rest("POST", "baskets", R"({"id":1,"change":-1})").status, 201);
}

TEST_F(NamedIdsTest, AnEntryThatNamesAnUnknownIdWaits) {
  insert(R"({"name":"a"})");
  rest("POST", "marks", R"({"counter":-1800000001,"label":"m"})");
  nothing_is_there();
  upstream_.push(503, R"({"code":"PGRST002","message":"busy"})",
                 {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent(), ElementsAre(R"(POST counters {"name":"a"})"));
}

TEST_F(NamedIdsTest, TheOldIdIsUnderstoodAfterwardsAndAfterARestart) {
  insert(R"({"name":"a"})");
  upstream_takes_all();
  dispatcher_.drain(*store_);
  store_.reset();
  use_catalog();
  EXPECT_EQ(rows("counters?id=eq.-1800000001&select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?id=in.(-1800000001,7)&select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?or=(id.eq.-1800000001,name.eq.nobody)&select=id"),
            json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?or=(and(id.in.(-1800000001,7),name.eq.a),id.eq.9)&select=id"),
            json::parse(R"([{"id":42}])"));
  for (const char* filter :
       {"id=in.(%22-1800000001%22,%227%22)", "id=eq(any).{-1800000001,7}", "id=not.neq.-1800000001",
        "or=(id.in.(%22-1800000001%22))", "id=eq.%2D1800000001", "id=not.isdistinct.-1800000001"}) {
    EXPECT_EQ(rows("counters?select=id&" + std::string(filter)), json::parse(R"([{"id":42}])"))
        << filter;
  }
  EXPECT_EQ(rows("counters?select=id&id=not.in.(-1800000001,7)"), json::array());
  EXPECT_EQ(rest("POST", "marks", R"({"counter":-1800000001,"label":"m"})").status, 201);
  EXPECT_EQ(rows("marks"), json::parse(R"([{"counter":42,"label":"m"}])"));
  EXPECT_EQ(rest("DELETE", "counters?id=eq.-1800000001").status, 204);
  EXPECT_EQ(newest_target(), "/rest/v1/counters?id=eq.42");
  // No id is given twice.
  EXPECT_THAT(insert(R"({"name":"b"})"), HasSubstr("\"id\":-1800000002"));
}

// Hard case 13: also in an embedded relation's filters, by its name or an alias.
TEST_F(NamedIdsTest, TheOldIdIsUnderstoodInEmbeddedFilters) {
  insert(R"({"name":"a"})");
  rest("POST", "marks", R"({"counter":-1800000001,"label":"m"})");
  upstream_takes_all();
  dispatcher_.drain(*store_);
  const auto expected = json::parse(R"([{"id":42,"marks":[{"label":"m"}]}])");
  EXPECT_EQ(rows("counters?select=id,marks(label)&marks.counter=eq.-1800000001"), expected);
  EXPECT_EQ(rows("counters?select=id,marks(label)&marks.or=(counter.eq.-1800000001,label.eq.x)"),
            expected);
  EXPECT_EQ(rows("counters?select=id,some:marks(label)&some.counter=eq.-1800000001"),
            json::parse(R"([{"id":42,"some":[{"label":"m"}]}])"));
}

// Hard case 13: while it is not known upstream, a filtered write that names it waits for it.
TEST_F(NamedIdsTest, ALogicFilterThatNamesAnUnknownIdIsSentWithTheRealOne) {
  insert(R"({"name":"a"})");
  EXPECT_EQ(rest("PATCH", "counters?or=(id.eq.-1800000001,name.eq.nobody)", R"({"name":"changed"})")
                .status,
            204);
  upstream_takes_all();
  dispatcher_.drain(*store_);
  ASSERT_EQ(sent().size(), 2U);
  EXPECT_THAT(sent().at(1), StartsWith("PATCH counters?id=eq.42"));
}

// Hard case 13: what the upstream alone decides hears of the real ids as well, in filter and body.
TEST_F(NamedIdsTest, WhatIsSentOnNamesTheRealIds) {
  insert(R"({"name":"a"})");
  upstream_takes_all();
  dispatcher_.drain(*store_);
  go_online();
  upstream_.clear_calls();
  rest("PATCH", "counters?id=eq.-1800000001", R"({"name":"b","parent":-1800000001})",
       {{"Prefer", "tx=rollback"}});
  EXPECT_THAT(sent(), ElementsAre(R"(PATCH counters?id=eq.42 {"name":"b","parent":42})"));
}

// Hard case 13: nor does the upstream hear of an id that it has not given.
TEST_F(NamedIdsTest, WhatNamesAnIdThatTheUpstreamHasNotGivenIsNotSentOn) {
  insert(R"({"name":"a"})");
  nothing_is_there();
  upstream_.push(400, R"({"code":"23514","message":"no"})", {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  go_online();
  upstream_.clear_calls();
  const auto answer =
      rest("PATCH", "counters?id=eq.-1800000001", R"({"name":"b"})", {{"Prefer", "tx=rollback"}});
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("temporary id"));
  EXPECT_THAT(sent(), IsEmpty());
}

// What a guest has begun is not taken for what the same person does once signed in.
TEST_F(NamedIdsTest, AnIdCountsForItsUserAlone) {
  http::Principal user;
  user.kind = http::Principal::Kind::kUser;
  user.id = "user-b32a1f";
  const auto theirs = stores_.open(user);
  const cache::Table& counters = *theirs->catalog().find("public", "counters");
  std::int64_t id = 0;
  theirs->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
    id = cache::TemporaryIds::next(transaction.database(), theirs->overlay(), counters);
    cache::TemporaryIds::remember(transaction, 1, counters, {id});
  });
  EXPECT_LT(id, -1'800'100'000) << "a range of its own";
  EXPECT_GT(id, std::numeric_limits<std::int32_t>::min());
  const std::string body = "{\"id\":1,\"content\":{\"c\":" + std::to_string(id) + "}}";
  EXPECT_THAT(rest("POST", "baskets", body).body, HasSubstr("another user"));
  EXPECT_EQ(rest("POST", "baskets", R"({"id":1,"counter":-1999999999})").status, 201)
      << "nobody's id is a number";
}

// The dead letter keeps its place in the queue, before the insert.
TEST_F(NamedIdsTest, AnEditDoesNotNameARowThatComesLater) {
  rest("POST", "baskets", R"({"id":1,"note":"a"})");
  upstream_.push(400, R"({"code":"23514","message":"no"})", {{"Content-Type", "application/json"}});
  go_online();
  dispatcher_.drain(*store_);
  go_offline();
  insert(R"({"name":"a"})");
  const auto entries = json::parse(control("GET", "/outbox?state=dead").body);
  ASSERT_EQ(entries.size(), 1U);
  const auto edit = [&](const std::string& row) {
    return ask({"POST",
                "/outbox/" + entries[0].at("id").get<std::string>() + "/edit",
                {{"Authorization", std::string("Bearer ") + kControlToken}},
                "{\"body\":" + row + "}"});
  };
  EXPECT_THAT(edit(R"({"id":1,"counter":-1800000001})").body, HasSubstr("comes after it"));
  upstream_takes_all();
  go_online();
  dispatcher_.drain(*store_);
  EXPECT_EQ(edit(R"({"id":1,"counter":-1800000001})").status, 200);
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent().back(), HasSubstr(R"("counter":42)"));
}

TEST_F(NamedIdsTest, AQueuedCallIsSentWithTheRealIds) {
  options_.queued_functions = {"bill"};
  insert(R"({"name":"a"})");
  EXPECT_EQ(rest("POST", "rpc/bill?which=-1800000001", R"({"counter":-1800000001})").status, 204);
  upstream_takes_all();
  go_online();
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent().back(), AllOf(HasSubstr("rpc/bill?which=42"), HasSubstr(R"({"counter":42})")));
}

TEST_F(NamedIdsTest, ACallThatNamesAnIdThatWasGivenUpIsRefused) {
  insert(R"({"name":"a"})");
  const auto entry = json::parse(control("GET", "/outbox").body).at(0).at("id").get<std::string>();
  EXPECT_EQ(rest("POST", "rpc/bill", R"({"counter":-1800000001})").status, 504);
  control("POST", "/outbox/" + entry + "/discard");
  go_online();
  upstream_.clear_calls();
  EXPECT_EQ(rest("POST", "rpc/bill", R"({"counter":-1800000001})").status, 409);
  EXPECT_THAT(upstream_.calls(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::routes
