#include "cache/replica/temporary_ids.h"

#include "tests/routes/temporary_ids_fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST_F(TemporaryIdsTest, OfflineAnInsertIsShownUnderANegativeIdThatIsFree) {
  put("counters", R"([{"id":-1800000007,"name":"strange","parent":null}])");
  const auto answer = rest("POST", "counters", R"([{"name":"a"},{"name":"b"}])",
                           {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(
      json::parse(answer.body),
      json::parse(
          R"([{"id":-1800000008,"name":"a","parent":null},{"id":-1800000009,"name":"b","parent":null}])"));
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "id");
  EXPECT_THAT(insert(R"({"name":"c"})"), HasSubstr("\"id\":-1800000010"));
  EXPECT_EQ(rows("counters?id=eq.-1800000009&select=name"), json::parse(R"([{"name":"b"}])"));
}

// None of its numbers is one that apps do not write.
TEST_F(TemporaryIdsTest, ASmallintHasNoRoomForThem) {
  EXPECT_EQ(rest("POST", "shelves", R"({"name":"a"})").status, 504);
  EXPECT_EQ(rest("POST", "shelves", R"({"id":-31001,"name":"a"})").status, 201);
  EXPECT_EQ(rest("POST", "baskets", R"({"id":1,"change":-31001})").status, 201);
}

// Upstream a new row is the last one that an unordered read meets.
TEST_F(TemporaryIdsTest, WithoutAnOrderNewRowsComeLastAndInTheirOrder) {
  const auto ids = [&](const std::string& target) {
    std::string text;
    for (const auto& row : rows(target)) text += row.at("id").dump() + " ";
    return text;
  };
  put("counters", R"([{"id":1,"name":"x","parent":null},{"id":2,"name":"y","parent":1}])");
  EXPECT_EQ(ids("counters"), "1 2 ");
  insert(R"({"name":"a","parent":1})");
  insert(R"({"name":"b","parent":1})");
  EXPECT_EQ(ids("counters"), "1 2 -1800000001 -1800000002 ");
  EXPECT_EQ(ids("counters?limit=2&offset=1"), "2 -1800000001 ");
  EXPECT_EQ(ids("counters?parent=eq.1"), "2 -1800000001 -1800000002 ");
  EXPECT_EQ(ids("counters?order=id"), "-1800000002 -1800000001 1 2 ");
  EXPECT_EQ(rows("counters?select=kids:counters!parent(id)&id=eq.1"),
            json::parse(R"([{"kids":[{"id":2},{"id":-1800000001},{"id":-1800000002}]}])"));
  EXPECT_EQ(rows("counters?select=kids:counters!parent(id)&kids.order=id&kids.limit=1&id=eq.1"),
            json::parse(R"([{"kids":[{"id":-1800000002}]}])"));
  const auto gone =
      rest("DELETE", "counters?parent=eq.1&select=id", "", {{"Prefer", "return=representation"}});
  EXPECT_EQ(gone.body, R"([{"id":2},{"id":-1800000001},{"id":-1800000002}])");
  EXPECT_EQ(ids("counters"), "1 ");
}

TEST_F(TemporaryIdsTest, WhatWaitsIsShownUnderTheRealIdAtOnce) {
  insert(R"({"name":"a"})");
  rest("POST", "marks", R"({"counter":-1800000001,"label":"m"})");
  rest("PATCH", "marks?counter=eq.-1800000001", R"({"label":"n"})");
  nothing_is_there();
  upstream_.push(201, R"([{"id":42,"name":"a","parent":null}])",
                 {{"Content-Type", "application/json"}});
  upstream_.push(upstream::Failure{upstream::Loss::kNotSent, "gone"});
  dispatcher_.drain(*store_);
  EXPECT_EQ(rows("counters?select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("marks"), json::parse(R"([{"counter":42,"label":"n"}])"));
  EXPECT_EQ(rows("marks?counter=eq.42"), json::parse(R"([{"counter":42,"label":"n"}])"));
}

// Hard case 9: what the look after a lost answer does not tell.
TEST_F(TemporaryIdsTest, WhatALostAnswerLeavesInDoubtAPersonDecides) {
  insert(R"({"name":"a"})");
  nothing_is_there();
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  dispatcher_.drain(*store_);
  upstream_.clear_calls();
  clock_.advance(std::chrono::hours(1));
  upstream_.push(200, R"([{"id":8,"name":"a","parent":null},{"id":9,"name":"a","parent":null}])",
                 {{"Content-Type", "application/json"}});
  nothing_is_there();
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent(), IsEmpty());
  const auto listed = json::parse(control("GET", "/outbox?state=uncertain").body);
  ASSERT_EQ(listed.size(), 1U);
  upstream_takes_all();
  EXPECT_EQ(control("POST", "/outbox/" + listed[0].at("id").get<std::string>() + "/retry").status,
            200);
  dispatcher_.drain(*store_);
  EXPECT_EQ(rows("counters?select=id"), json::parse(R"([{"id":42}])"));
}

// Hard case 15: the entry is durable first, also where the upstream counts the keys.
TEST_F(TemporaryIdsTest, OnlineAKeylessInsertIsDurableBeforeTheUpstreamHearsOfIt) {
  go_online();
  std::vector<std::string> seen;
  upstream_.respond_with([&](const upstream::Call& call) -> upstream::Outcome {
    upstream::Answer answer{200, {{"Content-Type", "application/json"}}, "[]", {}, {}};
    if (call.method == "GET") return answer;
    cache::Database other((dir_.path() / "principals/anon.db").string(),
                          cache::OpenMode::kReadOnly);
    cache::Statement statement(other, "SELECT state, noted_key FROM hf_outbox");
    if (statement.step()) seen = {std::string(statement.text(0)), std::string(statement.text(1))};
    answer.status = 201;
    answer.body = R"([{"id":42,"name":"a","parent":null}])";
    return answer;
  });
  const auto answer =
      rest("POST", "counters", R"({"name":"a"})", {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"([{"id":42,"name":"a","parent":null}])");
  EXPECT_THAT(seen, ElementsAre("sending", ""));
  EXPECT_EQ(unfinished(), 0);
  EXPECT_FALSE(store_->behind_forwarded_write());
  EXPECT_EQ(rows("counters?select=id"), json::parse(R"([{"id":42}])"));
}

// Hard cases 9 and 15: its answer lost, the app is told that it is queued.
TEST_F(TemporaryIdsTest, OnlineAKeylessInsertWhoseAnswerIsLostIsMadeOnce) {
  go_online();
  nothing_is_there();
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  const auto answer = rest("POST", "counters", R"({"name":"a"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_NE(header(answer, "Holdfast-Outbox-Id"), "(none)");
  upstream_.push(200, R"([{"id":42,"name":"a","parent":null}])",
                 {{"Content-Type", "application/json"}});
  nothing_is_there();
  clock_.advance(dispatching_.statement_timeout);
  // After the drain that told the app.
  synchronizer_.send_now(*store_);
  EXPECT_EQ(unfinished(), 0);
  EXPECT_EQ(sent().size(), 1U);
  EXPECT_EQ(rows("counters?select=id"), json::parse(R"([{"id":42}])"));
}

// A trigger may swallow a row, and an upsert that ignores leave one out.
TEST_F(TemporaryIdsTest, OfFewerRowsThanWereSentEachIdFindsItsOwn) {
  rest("POST", "counters", R"([{"name":"a"},{"name":"b"},{"name":"c"}])");
  rest("POST", "marks", R"({"counter":-1800000002,"label":"m"})");
  nothing_is_there();
  const http::Headers form = {{"Content-Type", "application/json"}};
  upstream_.push(201, R"([{"id":42,"name":"b","parent":null},{"id":43,"name":"c","parent":null}])",
                 form);
  upstream_.push(201, R"([{"counter":42,"label":"m"}])", form);
  go_online();
  dispatcher_.drain(*store_);
  go_offline();
  EXPECT_EQ(unfinished(), 0);
  EXPECT_EQ(rows("counters?select=id&id=eq.-1800000002"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?select=id&id=eq.-1800000003"), json::parse(R"([{"id":43}])"));
  EXPECT_THAT(rows("counters?select=id&id=eq.-1800000001"), IsEmpty());
  EXPECT_EQ(rows("marks?select=counter"), json::parse(R"([{"counter":42}])"));
}

TEST_F(TemporaryIdsTest, WithoutTheRealIdTheRowGoesUntilItIsPulled) {
  insert(R"({"name":"a"})");
  nothing_is_there();
  upstream_.push(403, R"({"code":"42501","message":"no"})", {{"Content-Type", "application/json"}});
  upstream_.push(201);
  dispatcher_.drain(*store_);
  EXPECT_THAT(rows("counters"), IsEmpty());
  EXPECT_EQ(unfinished(), 0);
}

// Hard case 13: nothing is said to be done to a row that nobody can find.
TEST_F(TemporaryIdsTest, AWriteByAnIdThatNoAnswerToldIsRefused) {
  insert(R"({"name":"a"})");
  nothing_is_there();
  upstream_.push(403, R"({"code":"42501","message":"no"})", {{"Content-Type", "application/json"}});
  upstream_.push(201);
  dispatcher_.drain(*store_);
  const auto refused = rest("PATCH", "counters?id=eq.-1800000001", R"({"name":"b"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("HF409"));
  EXPECT_EQ(rest("POST", "marks", R"({"counter":-1800000001,"label":"m"})").status, 409);
  go_online();
  EXPECT_EQ(
      rest("PATCH", "counters?id=eq.-1800000001", R"({"name":"b"})", {{"Prefer", "tx=rollback"}})
          .status,
      409);
  EXPECT_EQ(unfinished(), 0);
}

}  // namespace
}  // namespace holdfast::routes
