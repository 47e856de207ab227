#include "routes/conflict_routes.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::HasSubstr;
using json = nlohmann::json;

// Writes made while the upstream is away, and what a person does about them afterwards.
class ConflictRoutesTest : public RoutesTest {
 protected:
  static http::Headers form() { return {{"Content-Type", "application/json"}}; }
  static std::string todo(int id, const std::string& title, const std::string& price = "null") {
    return "{\"id\":" + std::to_string(id) + ",\"list_id\":null,\"title\":\"" + title +
           "\",\"done\":false,\"price\":" + price +
           ",\"updated_at\":\"2026-11-21T12:00:00+00:00\"}";
  }
  static std::string error(const std::string& code) {
    return R"({"code":")" + code + R"(","details":null,"hint":null,"message":"no"})";
  }
  void answer(int status, const std::string& body) { upstream_.push(status, body, form()); }
  // Drains, and pulls nothing new.
  void send() {
    go_online();
    dispatcher_.drain(*store_, true);
    go_offline();
  }
  http::Response post(const std::string& target, const std::string& body) {
    return ask({"POST", target, {{"Authorization", std::string("Bearer ") + kControlToken}}, body});
  }
  json got(const std::string& target) { return json::parse(control("GET", target).body); }
  // A change of row 1 that meets another's, under `strategy`.
  json clash(cache::ConflictStrategy strategy) {
    replica_.table_options["todos"].conflict = strategy;
    put("todos", todo(1, "base", "12.50"));
    go_offline();
    EXPECT_LT(rest("PATCH", "todos?id=eq.1", R"({"title":"ours"})").status, 300);
    answer(200, "[]");
    answer(200, "[" + todo(1, "theirs", "12.50") + "]");
    send();
    return got("/conflicts").at(0);
  }
};

TEST_F(ConflictRoutesTest, AConflictShowsBothSidesWithEveryDigit) {
  const auto conflict = clash(cache::ConflictStrategy::kManual);
  EXPECT_EQ(conflict.at("state"), "open");
  EXPECT_EQ(conflict.at("columns"), json({"title"}));
  EXPECT_EQ(conflict.at("base").at("title"), "base");
  EXPECT_EQ(conflict.at("local").at("title"), "ours");
  EXPECT_EQ(conflict.at("remote").at("title"), "theirs");
  EXPECT_EQ(conflict.at("principal"), "anon");
  const auto shown = control("GET", "/conflicts/" + conflict.at("id").get<std::string>());
  EXPECT_THAT(shown.body, HasSubstr("12.50"));
  EXPECT_EQ(got("/status").at("queue").at("conflicts"), 1);
  EXPECT_EQ(got("/conflicts?state=resolved"), json::array());
}

TEST_F(ConflictRoutesTest, ConflictsNeedTheControlToken) {
  EXPECT_EQ(ask({"GET", "/conflicts", {}, ""}).status, 401);
  EXPECT_EQ(ask({"POST", "/conflicts/x/resolve", {}, "{}"}).status, 401);
}

TEST_F(ConflictRoutesTest, ChoosingTheLocalRowSendsItOnTheRowAsItIsNow) {
  const std::string id = clash(cache::ConflictStrategy::kManual).at("id");
  upstream_.clear_calls();
  ASSERT_EQ(post("/conflicts/" + id + "/resolve", R"({"choice":"local"})").status, 200);
  answer(200, "[" + todo(1, "ours") + "]");
  send();
  ASSERT_EQ(upstream_.calls().size(), 1U);
  EXPECT_THAT(upstream_.calls().at(0).target, HasSubstr("theirs"));
  EXPECT_EQ(upstream_.calls().at(0).body, R"({"title":"ours"})");
  EXPECT_EQ(got("/conflicts").at(0).at("choice"), "local");
  EXPECT_EQ(post("/conflicts/" + id + "/resolve", R"({"choice":"remote"})").status, 409);
}

TEST_F(ConflictRoutesTest, ChoosingTheRemoteRowEndsTheWrite) {
  const std::string id = clash(cache::ConflictStrategy::kManual).at("id");
  ASSERT_EQ(post("/conflicts/" + id + "/resolve", R"({"choice":"remote"})").status, 200);
  EXPECT_EQ(json::parse(rest("GET", "todos?id=eq.1&select=title").body).at(0).at("title"),
            "theirs");
  EXPECT_EQ(got("/status").at("queue").at("depth"), 0);
}

TEST_F(ConflictRoutesTest, AMergedRowIsCheckedAgainstTheTable) {
  const std::string id = clash(cache::ConflictStrategy::kManual).at("id");
  const std::string path = "/conflicts/" + id + "/resolve";
  EXPECT_EQ(post(path, R"({"choice":"merged"})").status, 400);
  EXPECT_EQ(post(path, R"({"choice":"merged","row":{"wrong":1}})").status, 400);
  EXPECT_EQ(post(path, R"({"choice":"merged","row":{"title":null}})").status, 400);
  EXPECT_EQ(post(path, R"({"choice":"both"})").status, 400);
  EXPECT_EQ(post("/conflicts/none/resolve", R"({"choice":"local"})").status, 404);
  EXPECT_EQ(got("/conflicts").at(0).at("state"), "open");
  rest("POST", "counters", R"({"name":"not upstream yet"})");
  EXPECT_EQ(post(path, R"({"choice":"merged","row":{"title":"-1800000001"}})").status, 409);
  ASSERT_EQ(post(path, R"({"choice":"merged","row":{"title":"both"}})").status, 200);
  EXPECT_EQ(json::parse(rest("GET", "todos?id=eq.1&select=title").body).at(0).at("title"), "both");
}

// A change of row 1's key to 5 whose row is gone upstream, and a person who merges it.
class MovedRowTest : public ConflictRoutesTest {
 protected:
  void expect_merged(const std::string& row, int id) {
    replica_.table_options["todos"].conflict = cache::ConflictStrategy::kManual;
    put("todos", todo(1, "base"));
    go_offline();
    ASSERT_LT(rest("PATCH", "todos?id=eq.1", R"({"id":5,"title":"ours"})").status, 300);
    answer(200, "[]");
    answer(200, "[]");  // neither here nor there
    send();
    const auto conflict = got("/conflicts").at(0);
    EXPECT_EQ(conflict.at("remote"), nullptr);
    const std::string path = "/conflicts/" + conflict.at("id").get<std::string>() + "/resolve";
    EXPECT_EQ(post(path, R"({"choice":"merged","row":{"id":7}})").status, 400);
    ASSERT_EQ(post(path, R"({"choice":"merged","row":)" + row + "}").status, 200);
    const auto expected = json::array({{{"id", id}, {"title", "both"}}});
    EXPECT_EQ(json::parse(rest("GET", "todos?select=id,title").body), expected);
    upstream_.clear_calls();
    answer(201, "[" + todo(id, "both") + "]");
    send();
    EXPECT_EQ(json::parse(upstream_.calls().at(0).body).at("id"), id);
    EXPECT_EQ(got("/status").at("queue").at("depth"), 0);
    EXPECT_EQ(json::parse(rest("GET", "todos?select=id,title").body), expected);
  }
};

// Hard case 13.
TEST_F(MovedRowTest, AMergedRowIsMadeUnderTheKeyThatTheWriteGaveIt) {
  expect_merged(R"({"title":"both"})", 5);
}

TEST_F(MovedRowTest, AMergedRowThatNamesItsOldKeyStaysThere) {
  expect_merged(R"({"id":1,"title":"both"})", 1);
}

TEST_F(ConflictRoutesTest, ADeadLetterIsExplainedAndNamesWhatDependsOnIt) {
  go_offline();
  rest("POST", "lists", R"({"id":1,"title":"l"})");
  rest("POST", "todos", R"({"id":1,"list_id":1,"title":"a"})");
  answer(400, error("23514"));
  send();
  const auto dead = got("/outbox?state=dead").at(0);
  EXPECT_THAT(dead.at("explanation").get<std::string>(), HasSubstr("CHECK"));
  const auto blocked = got("/outbox?state=blocked").at(0);
  EXPECT_EQ(dead.at("dependants"), json({blocked.at("id")}));
}

TEST_F(ConflictRoutesTest, AnEditedDeadLetterIsAnotherWriteAndFreesItsDependants) {
  go_offline();
  rest("POST", "lists", R"({"id":1,"title":"bad"})");
  rest("POST", "todos", R"({"id":1,"list_id":1,"title":"a"})");
  answer(400, error("23514"));
  send();
  const auto dead = got("/outbox?state=dead").at(0);
  const std::string path = "/outbox/" + dead.at("id").get<std::string>() + "/edit";
  EXPECT_EQ(post(path, R"({"body":{"id":1,"wrong":"x"}})").status, 400);
  EXPECT_EQ(post(path, R"({"nobody":1})").status, 400);
  ASSERT_EQ(got("/outbox?state=dead").size(), 1U) << "what cannot be is not half done";
  ASSERT_EQ(post(path, R"({"body":{"id":1,"title":"good"}})").status, 200);
  EXPECT_EQ(json::parse(rest("GET", "lists?select=title").body).at(0).at("title"), "good");
  upstream_.clear_calls();
  answer(201, R"([{"id":1,"title":"good","slot":null,"updated_at":"2026-11-21T12:00:00+00:00"}])");
  answer(201, "[" + todo(1, "a") + "]");
  send();
  ASSERT_EQ(upstream_.calls().size(), 2U);
  EXPECT_THAT(upstream_.calls().at(0).body, HasSubstr("good"));
  EXPECT_NE(upstream_.calls().at(0).headers.find("Idempotency-Key"),
            dead.at("idempotency_key").get<std::string>());
  EXPECT_EQ(got("/outbox"), json::array());
}

// As supabase-js sends arrays: with columns=, which names all that any row has.
TEST_F(ConflictRoutesTest, AnEditedArrayMayNameOtherColumnsInEachRow) {
  go_offline();
  rest("POST", "todos?columns=%22id%22,%22title%22",
       R"([{"id":1,"title":"bad"},{"id":2,"title":"b"}])");
  answer(400, error("23514"));
  send();
  const auto dead = got("/outbox?state=dead").at(0);
  const std::string path = "/outbox/" + dead.at("id").get<std::string>() + "/edit";
  const auto edited =
      post(path,
           R"({"body":[{"id":1,"title":"a"},{"id":2,"title":"b","price":"1.50","list_id":null}]})");
  ASSERT_EQ(edited.status, 200) << edited.body;
  upstream_.clear_calls();
  answer(201, "[" + todo(1, "a") + "," + todo(2, "b", "1.50") + "]");
  send();
  ASSERT_EQ(upstream_.calls().size(), 1U);
  EXPECT_THAT(upstream_.calls().at(0).target, HasSubstr("list_id"));
  EXPECT_THAT(upstream_.calls().at(0).body, HasSubstr("1.50"));
  EXPECT_EQ(got("/outbox"), json::array());
}

// Later writes name the row by the id that it has here.
TEST_F(ConflictRoutesTest, AnEditedInsertKeepsTheIdsThatItsRowsHaveHere) {
  go_offline();
  ASSERT_EQ(rest("POST", "counters", R"({"name":"bad"})").status, 201);
  ASSERT_EQ(rest("POST", "counters", R"({"name":"later"})").status, 201);
  ASSERT_LT(rest("PATCH", "counters?id=eq.-1800000001", R"({"name":"renamed"})").status, 300);
  upstream_.respond_with([](const upstream::Call& call) -> upstream::Outcome {
    upstream::Answer answer;
    answer.headers = form();
    const bool bad = call.body.find("bad") != std::string::npos;
    answer.status = call.method == "GET" ? 200 : bad ? 400 : 201;
    answer.body = call.method == "GET" ? "[]"
                  : bad                ? error("23514")
                                       : R"([{"id":7,"name":"later"}])";
    return answer;
  });
  send();
  const auto dead = got("/outbox?state=dead").at(0);
  const std::string path = "/outbox/" + dead.at("id").get<std::string>() + "/edit";
  EXPECT_EQ(post(path, R"({"body":[{"name":"a"},{"name":"b"}]})").status, 409);
  ASSERT_EQ(post(path, R"({"body":{"name":"good"}})").status, 200);
  const auto shown = json::parse(rest("GET", "counters?select=id,name&id=eq.-1800000001").body);
  EXPECT_EQ(shown, json::parse(R"([{"id":-1800000001,"name":"renamed"}])"));
}

TEST_F(ConflictRoutesTest, DeadLettersAreDiscardedByTheirReason) {
  go_offline();
  rest("POST", "lists", R"({"id":1,"title":"l"})");
  rest("POST", "notes", R"({"body":"n"})");
  answer(400, error("23514"));
  answer(400, error("22001"));
  send();
  ASSERT_EQ(got("/outbox?state=dead").size(), 2U);
  EXPECT_EQ(post("/outbox/discard", "").status, 400);
  EXPECT_EQ(post("/outbox/discard", R"({"reasons":"23514"})").status, 400);
  const auto result = json::parse(post("/outbox/discard", R"({"reason":"23514"})").body);
  EXPECT_EQ(result.at("changed"), 1);
  ASSERT_EQ(got("/outbox?state=dead").size(), 1U);
  EXPECT_EQ(got("/outbox?state=dead").at(0).at("table"), "public.notes");
  EXPECT_EQ(json::parse(post("/outbox/retry", R"({"table":"notes"})").body).at("changed"), 1);
  EXPECT_EQ(got("/outbox?state=queued").size(), 1U);
}

// A later write of one's own makes no edit impossible.
TEST_F(ConflictRoutesTest, AnEditIsJudgedAtItsPlaceInTheQueue) {
  go_offline();
  rest("POST", "todos", R"({"id":1,"title":"bad"})");
  answer(400, error("23514"));
  send();
  rest("POST", "todos", R"({"id":1,"title":"later"})", {{"Prefer", "resolution=merge-duplicates"}});
  const auto dead = got("/outbox?state=dead").at(0);
  const std::string path = "/outbox/" + dead.at("id").get<std::string>() + "/edit";
  const auto edited = post(path, R"({"body":{"id":1,"title":"good"}})");
  EXPECT_EQ(edited.status, 200) << edited.body;
  EXPECT_EQ(json::parse(rest("GET", "todos?select=title").body).at(0).at("title"), "later");
}

TEST_F(ConflictRoutesTest, AConsequenceForAnAppendOnlyTableIsRefused) {
  replica_.table_options["todos"].append_only = true;
  put("lists", R"([{"id":1,"title":"l","slot":null,"updated_at":"2026-11-21T12:00:00+00:00"}])");
  put("todos", R"([{"id":1,"list_id":1,"title":"a","done":false,"price":null,
                    "updated_at":"2026-11-21T12:00:00+00:00"}])");
  go_offline();
  const auto refused = rest("DELETE", "lists?id=eq.1");
  EXPECT_EQ(refused.status, 403);
  EXPECT_THAT(refused.body, HasSubstr("todos"));
  EXPECT_EQ(got("/outbox"), json::array());
}

TEST_F(ConflictRoutesTest, AnAppendOnlyTableTakesNewRowsOnly) {
  replica_.table_options["todos"].append_only = true;
  put("todos", todo(1, "a"));
  go_offline();
  EXPECT_EQ(rest("PATCH", "todos?id=eq.1", R"({"title":"b"})").status, 403);
  EXPECT_EQ(rest("DELETE", "todos?id=eq.1").status, 403);
  EXPECT_EQ(
      rest("POST", "todos", R"({"id":1,"title":"b"})", {{"Prefer", "resolution=merge-duplicates"}})
          .status,
      403);
  EXPECT_LT(rest("POST", "todos", R"({"id":2,"title":"b"})").status, 300);
}

// Hard case 6.
TEST_F(ConflictRoutesTest, ATableMayTakeOneRowAtATimeOffline) {
  replica_.table_options["todos"].offline_bulk = false;
  put("todos", "[" + todo(1, "a") + "," + todo(2, "b") + "]");
  go_offline();
  EXPECT_EQ(rest("PATCH", "todos?id=gt.0", R"({"done":true})").status, 504);
  EXPECT_EQ(depth(), 0);
  EXPECT_LT(rest("PATCH", "todos?id=eq.1", R"({"done":true})").status, 300);
}

}  // namespace
}  // namespace holdfast::routes
