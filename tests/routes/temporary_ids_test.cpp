#include "cache/replica/temporary_ids.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

// `counters` takes its keys from the upstream; `marks` and, over their composite key, `dots` refer
// to it; `counters.parent` refers to another counter.
class TemporaryIdsTest : public RoutesTest {
 protected:
  TemporaryIdsTest() {
    use_catalog();
    for (const auto* table : store_->replicated()) {
      store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
        store_->mark_complete(transaction, *table);
        transaction.database().execute("UPDATE hf_tables SET added=NULL");
      });
      store_->publish(*table, cache::TableStatus::kComplete);
    }
    go_offline();
  }

  void use_catalog() {
    using cache::sample::columns;
    auto tables = cache::sample::tables();
    for (auto& table : tables) {
      if (table.name != "counters") continue;
      table.columns = columns({{"id", "bigint", false, std::nullopt, cache::Identity::kAlways},
                               {"name", "text"},
                               {"parent", "bigint"}});
      table.foreign_keys.push_back(reference("counters_parent_fkey", {2}, "counters", {"id"}));
    }
    auto marks = cache::sample::table(
        "marks", columns({{"counter", "bigint", false}, {"label", "text", false}}), {0, 1});
    marks.foreign_keys.push_back(reference("marks_counter_fkey", {0}, "counters", {"id"}));
    tables.push_back(std::move(marks));
    auto dots = cache::sample::table(
        "dots", columns({{"id", "integer", false}, {"counter", "bigint"}, {"label", "text"}}), {0});
    dots.foreign_keys.push_back(reference("dots_mark_fkey", {1, 2}, "marks", {"counter", "label"}));
    tables.push_back(std::move(dots));
    stores_.set_catalog(std::make_shared<const cache::Catalog>(
        std::move(tables), std::vector<cache::Function>{}, std::vector<std::string>{"public"}));
    store_ = stores_.open(http::Principal::anonymous());
  }

  static cache::ForeignKey reference(const char* name, std::vector<std::size_t> own,
                                     const char* parent, std::vector<std::string> theirs) {
    cache::ForeignKey key;
    key.name = name;
    key.columns = std::move(own);
    key.ref_schema = "public";
    key.ref_table = parent;
    key.ref_columns = std::move(theirs);
    key.on_delete = cache::ReferentialAction::kCascade;
    return key;
  }

  json rows(const std::string& target) { return json::parse(rest("GET", target).body); }
  std::string insert(const std::string& body) {
    return rest("POST", "counters", body, {{"Prefer", "return=representation"}}).body;
  }
  // What the upstream was sent: "METHOD path body".
  std::vector<std::string> sent() {
    std::vector<std::string> lines;
    for (const auto& call : upstream_.calls()) {
      if (call.method == "GET") continue;
      const auto end = std::min(call.target.find("&select="), call.target.find("?select="));
      lines.push_back(call.method + " " + call.target.substr(9, end - 9) + " " + call.body);
    }
    return lines;
  }
  std::string newest_target() {
    auto reader = store_->reader();
    cache::Statement statement(*reader,
                               "SELECT target FROM hf_outbox ORDER BY sequence DESC LIMIT 1");
    statement.step();
    return std::string(statement.text(0));
  }
  // The look at the largest key before an insert finds no row.
  void nothing_is_there() { upstream_.push(200, "[]", {{"Content-Type", "application/json"}}); }
  // The upstream takes everything, and gives counters the ids from 42 on.
  void upstream_takes_all() {
    upstream_.respond_with([this](const upstream::Call& call) -> upstream::Outcome {
      upstream::Answer answer{200, {{"Content-Type", "application/json"}}, "[]", {}, {}};
      if (call.method == "GET" || call.method == "DELETE") return answer;
      json given = json::array();
      const json body = json::parse(call.body);
      for (json row : body.is_array() ? body : json::array({body})) {
        if (call.method == "POST" && call.target.starts_with("/rest/v1/counters")) {
          row["id"] = next_id_++;
          row.emplace("parent", nullptr);
        }
        given.push_back(row);
      }
      answer.status = call.method == "POST" ? 201 : 200;
      answer.body =
          call.method == "POST" ? given.dump() : R"([{"id":42,"name":"changed","parent":null}])";
      return answer;
    });
  }

  int next_id_ = 42;
};

TEST_F(TemporaryIdsTest, OfflineAnInsertIsShownUnderANegativeIdThatIsFree) {
  put("counters", R"([{"id":-7,"name":"strange","parent":null}])");
  const auto answer = rest("POST", "counters", R"([{"name":"a"},{"name":"b"}])",
                           {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(
      json::parse(answer.body),
      json::parse(R"([{"id":-8,"name":"a","parent":null},{"id":-9,"name":"b","parent":null}])"));
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "id");
  EXPECT_THAT(insert(R"({"name":"c"})"), HasSubstr("\"id\":-10"));
  EXPECT_EQ(rows("counters?id=eq.-9&select=name"), json::parse(R"([{"name":"b"}])"));
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
  EXPECT_EQ(ids("counters"), "1 2 -1 -2 ");
  EXPECT_EQ(ids("counters?limit=2&offset=1"), "2 -1 ");
  EXPECT_EQ(ids("counters?parent=eq.1"), "2 -1 -2 ");
  EXPECT_EQ(ids("counters?order=id"), "-2 -1 1 2 ");
  EXPECT_EQ(rows("counters?select=kids:counters!parent(id)&id=eq.1"),
            json::parse(R"([{"kids":[{"id":2},{"id":-1},{"id":-2}]}])"));
  EXPECT_EQ(rows("counters?select=kids:counters!parent(id)&kids.order=id&kids.limit=1&id=eq.1"),
            json::parse(R"([{"kids":[{"id":-2}]}])"));
  const auto gone =
      rest("DELETE", "counters?parent=eq.1&select=id", "", {{"Prefer", "return=representation"}});
  EXPECT_EQ(gone.body, R"([{"id":2},{"id":-1},{"id":-2}])");
  EXPECT_EQ(ids("counters"), "1 ");
}

TEST_F(TemporaryIdsTest, TheRealIdTakesItsPlaceInRowsAndInWhatWaits) {
  insert(R"({"name":"a"})");
  EXPECT_EQ(rest("PATCH", "counters?id=eq.-1", R"({"name":"changed"})").status, 204);
  EXPECT_EQ(rest("POST", "counters", R"({"name":"child","parent":-1})").status, 201);
  EXPECT_EQ(rest("POST", "marks", R"({"counter":-1,"label":"m"})").status, 201);
  EXPECT_EQ(rest("POST", "dots", R"({"id":1,"counter":-1,"label":"m"})").status, 201);
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

TEST_F(TemporaryIdsTest, WhatWaitsIsShownUnderTheRealIdAtOnce) {
  insert(R"({"name":"a"})");
  rest("POST", "marks", R"({"counter":-1,"label":"m"})");
  rest("PATCH", "marks?counter=eq.-1", R"({"label":"n"})");
  nothing_is_there();
  upstream_.push(201, R"([{"id":42,"name":"a","parent":null}])",
                 {{"Content-Type", "application/json"}});
  upstream_.push(upstream::Failure{upstream::Loss::kNotSent, "gone"});
  dispatcher_.drain(*store_);
  EXPECT_EQ(rows("counters?select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("marks"), json::parse(R"([{"counter":42,"label":"n"}])"));
  EXPECT_EQ(rows("marks?counter=eq.42"), json::parse(R"([{"counter":42,"label":"n"}])"));
}

TEST_F(TemporaryIdsTest, AnEntryThatNamesAnUnknownIdWaits) {
  insert(R"({"name":"a"})");
  rest("POST", "marks", R"({"counter":-1,"label":"m"})");
  nothing_is_there();
  upstream_.push(503, R"({"code":"PGRST002","message":"busy"})",
                 {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  EXPECT_THAT(sent(), ElementsAre(R"(POST counters {"name":"a"})"));
}

TEST_F(TemporaryIdsTest, TheOldIdIsUnderstoodAfterwardsAndAfterARestart) {
  insert(R"({"name":"a"})");
  upstream_takes_all();
  dispatcher_.drain(*store_);
  store_.reset();
  use_catalog();
  EXPECT_EQ(rows("counters?id=eq.-1&select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?id=in.(-1,7)&select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?or=(id.eq.-1,name.eq.nobody)&select=id"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?or=(and(id.in.(-1,7),name.eq.a),id.eq.9)&select=id"),
            json::parse(R"([{"id":42}])"));
  for (const char* filter : {"id=in.(%22-1%22,%227%22)", "id=eq(any).{-1,7}", "id=not.neq.-1",
                             "or=(id.in.(%22-1%22))", "id=not.isdistinct.-1"}) {
    EXPECT_EQ(rows("counters?select=id&" + std::string(filter)), json::parse(R"([{"id":42}])"))
        << filter;
  }
  EXPECT_EQ(rows("counters?select=id&id=not.in.(-1,7)"), json::array());
  EXPECT_EQ(rest("POST", "marks", R"({"counter":-1,"label":"m"})").status, 201);
  EXPECT_EQ(rows("marks"), json::parse(R"([{"counter":42,"label":"m"}])"));
  EXPECT_EQ(rest("DELETE", "counters?id=eq.-1").status, 204);
  EXPECT_EQ(newest_target(), "/rest/v1/counters?id=eq.42");
  // No id is given twice.
  EXPECT_THAT(insert(R"({"name":"b"})"), HasSubstr("\"id\":-2"));
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

// Hard case 13: also in an embedded relation's filters, by its name or an alias.
TEST_F(TemporaryIdsTest, TheOldIdIsUnderstoodInEmbeddedFilters) {
  insert(R"({"name":"a"})");
  rest("POST", "marks", R"({"counter":-1,"label":"m"})");
  upstream_takes_all();
  dispatcher_.drain(*store_);
  const auto expected = json::parse(R"([{"id":42,"marks":[{"label":"m"}]}])");
  EXPECT_EQ(rows("counters?select=id,marks(label)&marks.counter=eq.-1"), expected);
  EXPECT_EQ(rows("counters?select=id,marks(label)&marks.or=(counter.eq.-1,label.eq.x)"), expected);
  EXPECT_EQ(rows("counters?select=id,some:marks(label)&some.counter=eq.-1"),
            json::parse(R"([{"id":42,"some":[{"label":"m"}]}])"));
}

// Hard case 13: while it is not known upstream, a filtered write that names it waits for it.
TEST_F(TemporaryIdsTest, ALogicFilterThatNamesAnUnknownIdIsSentWithTheRealOne) {
  insert(R"({"name":"a"})");
  EXPECT_EQ(rest("PATCH", "counters?or=(id.eq.-1,name.eq.nobody)", R"({"name":"changed"})").status,
            204);
  upstream_takes_all();
  dispatcher_.drain(*store_);
  ASSERT_EQ(sent().size(), 2U);
  EXPECT_THAT(sent().at(1), StartsWith("PATCH counters?id=eq.42"));
}

// A trigger may swallow a row, and an upsert that ignores leave one out.
TEST_F(TemporaryIdsTest, OfFewerRowsThanWereSentEachIdFindsItsOwn) {
  rest("POST", "counters", R"([{"name":"a"},{"name":"b"},{"name":"c"}])");
  rest("POST", "marks", R"({"counter":-2,"label":"m"})");
  nothing_is_there();
  const http::Headers form = {{"Content-Type", "application/json"}};
  upstream_.push(201, R"([{"id":42,"name":"b","parent":null},{"id":43,"name":"c","parent":null}])",
                 form);
  upstream_.push(201, R"([{"counter":42,"label":"m"}])", form);
  go_online();
  dispatcher_.drain(*store_);
  go_offline();
  EXPECT_EQ(unfinished(), 0);
  EXPECT_EQ(rows("counters?select=id&id=eq.-2"), json::parse(R"([{"id":42}])"));
  EXPECT_EQ(rows("counters?select=id&id=eq.-3"), json::parse(R"([{"id":43}])"));
  EXPECT_THAT(rows("counters?select=id&id=eq.-1"), IsEmpty());
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
  const auto refused = rest("PATCH", "counters?id=eq.-1", R"({"name":"b"})");
  EXPECT_EQ(refused.status, 409);
  EXPECT_THAT(refused.body, HasSubstr("HF409"));
  EXPECT_EQ(rest("POST", "marks", R"({"counter":-1,"label":"m"})").status, 409);
  go_online();
  EXPECT_EQ(
      rest("PATCH", "counters?id=eq.-1", R"({"name":"b"})", {{"Prefer", "tx=rollback"}}).status,
      409);
  EXPECT_EQ(unfinished(), 0);
}

// Hard case 13: what the upstream alone decides hears of the real ids as well, in filter and body.
TEST_F(TemporaryIdsTest, WhatIsSentOnNamesTheRealIds) {
  insert(R"({"name":"a"})");
  upstream_takes_all();
  dispatcher_.drain(*store_);
  go_online();
  upstream_.clear_calls();
  rest("PATCH", "counters?id=eq.-1", R"({"name":"b","parent":-1})", {{"Prefer", "tx=rollback"}});
  EXPECT_THAT(sent(), ElementsAre(R"(PATCH counters?id=eq.42 {"name":"b","parent":42})"));
}

// Hard case 13: nor does the upstream hear of an id that it has not given.
TEST_F(TemporaryIdsTest, WhatNamesAnIdThatTheUpstreamHasNotGivenIsNotSentOn) {
  insert(R"({"name":"a"})");
  nothing_is_there();
  upstream_.push(400, R"({"code":"23514","message":"no"})", {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  go_online();
  upstream_.clear_calls();
  const auto answer =
      rest("PATCH", "counters?id=eq.-1", R"({"name":"b"})", {{"Prefer", "tx=rollback"}});
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("temporary id"));
  EXPECT_THAT(sent(), IsEmpty());
}

}  // namespace
}  // namespace holdfast::routes
