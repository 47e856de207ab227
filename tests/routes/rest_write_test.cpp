#include "routes/rest_write.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "gateway/base/ids.h"
#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RestWriteTest : public RoutesTest {
 protected:
  RestWriteTest() { go_offline(); }
};

// Promise 1.
TEST_F(RestWriteTest, ASuccessIsDurableWhenItIsAnswered) {
  std::promise<std::pair<int, std::int64_t>> seen;
  http::Request request{"POST",
                        "/rest/v1/todos",
                        {{"apikey", kKey}, {"Content-Type", "application/json"}},
                        R"({"id":1,"title":"a"})"};
  router_.handle(request, [&](http::Response response) {
    // Another connection sees the row and its entry already.
    cache::Database other((dir_.path() / "principals/anon.db").string(),
                          cache::OpenMode::kReadOnly);
    cache::Statement statement(other,
                               "SELECT (SELECT count(*) FROM hf_outbox) + (SELECT count(*) FROM"
                               " \"" +
                                   store_->catalog().find("public", "todos")->storage_name + "\")");
    statement.step();
    seen.set_value({response.status, statement.integer(0)});
  });
  EXPECT_EQ(seen.get_future().get(), std::make_pair(201, std::int64_t{2}));
}

// Promise 4.
TEST_F(RestWriteTest, AReaderSeesItsOwnWritesAlsoAfterARestart) {
  put("todos", R"({"id":1,"title":"a","done":false,"updated_at":"2026-11-21T00:00:00Z"})");
  EXPECT_EQ(rest("PATCH", "todos?id=eq.1", R"({"title":"b"})").status, 204);
  EXPECT_EQ(rest("POST", "todos", R"({"id":2,"title":"c"})").status, 201);
  const std::string expected = R"([{"id":1,"title":"b"}, {"id":2,"title":"c"}])";
  const auto rows = [&] {
    return nlohmann::json::parse(rest("GET", "todos?select=id,title&order=id").body);
  };
  EXPECT_EQ(rows(), nlohmann::json::parse(expected));
  store_.reset();
  stores_.set_catalog(cache::sample::catalog());
  EXPECT_EQ(rows(), nlohmann::json::parse(expected));
}

TEST_F(RestWriteTest, RowsThatAreGivenBackNameTheProfileThatTheRequestNames) {
  const auto profile = [&](http::Headers headers) {
    return header(rest("DELETE", "todos?id=eq.1", "", std::move(headers)), "Content-Profile");
  };
  const http::Headers::Field rows = {"Prefer", "return=representation"};
  EXPECT_EQ(profile({rows, {"Content-Profile", "public"}}), "public");
  EXPECT_EQ(profile({rows, {"Accept-Profile", "public"}}), "(none)");
  EXPECT_EQ(profile({{"Content-Profile", "public"}}), "(none)");
}

TEST_F(RestWriteTest, TheRangeOfAnUpdateCountsTheRowsThatItGivesBack) {
  put("lists", R"([{"id":1,"title":"a","slot":1,"updated_at":null},)"
               R"({"id":2,"title":"b","slot":2,"updated_at":null}])");
  put("todos", R"([{"id":1,"title":"x","list_id":1},{"id":2,"title":"x","list_id":2}])");
  const auto answer =
      rest("PATCH", "todos?title=eq.x&select=id,lists!inner(title)&lists.title=eq.a",
           R"({"title":"y"})", {{"Prefer", "return=representation, count=exact"}});
  EXPECT_EQ(answer.body, R"([{"id":1,"lists":{"title":"a"}}])");
  EXPECT_EQ(header(answer, "Content-Range"), "0-0/1");
  const auto ask = [&](const char* list, http::Headers headers) {
    headers.add("Prefer", "return=representation");
    return rest("PATCH",
                std::string("todos?select=id,lists!inner(title)&id=in.(1,2)&lists.title=") + list,
                R"({"title":"y"})", std::move(headers));
  };
  const http::Headers single = {{"Accept", "application/vnd.pgrst.object+json"}};
  EXPECT_EQ(ask("eq.a", single).body, R"({"id":1,"lists":{"title":"a"}})");
  EXPECT_EQ(ask("in.(a,b)", single).status, 406);
  EXPECT_EQ(ask("eq.c", single).status, 406);
  const http::Headers one = {{"Prefer", "handling=strict, max-affected=1"}};
  EXPECT_EQ(ask("eq.a", one).status, 200);
  EXPECT_EQ(ask("in.(a,b)", one).status, 400);
  EXPECT_EQ(rest("GET", "todos?select=id&title=eq.y&order=id").body, R"([{"id":1},{"id":2}])");
}

TEST_F(RestWriteTest, AQueuedAnswerNamesItsEntryAndWhatItCouldNotCompute) {
  const auto answer = rest("POST", "notes", R"({"body":"n"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(header(answer, "Cache-Status"), "holdfast; detail=queued");
  EXPECT_TRUE(is_uuid(header(answer, "Holdfast-Outbox-Id")));
  EXPECT_EQ(header(answer, "Holdfast-Provisional"), "number");
}

TEST_F(RestWriteTest, ARepresentationShowsComputedDefaults) {
  const auto answer = rest("POST", "todos?select=id,done,updated_at", R"({"id":1,"title":"a"})",
                           {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(
      nlohmann::json::parse(answer.body),
      nlohmann::json::parse(R"([{"id":1,"done":false,"updated_at":"2026-11-21T12:00:00+00:00"}])"));
  EXPECT_EQ(header(answer, "Preference-Applied"), "return=representation");
  EXPECT_EQ(header(answer, "Vary"), "Accept, Prefer, Range");
}

TEST_F(RestWriteTest, ADeletionGivesBackTheRowsAsTheyWere) {
  put("todos", R"({"id":1,"title":"a","done":false,"updated_at":"2026-11-21T00:00:00Z"})");
  const auto answer =
      rest("DELETE", "todos?id=eq.1&select=title", "", {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, R"([{"title":"a"}])");
  EXPECT_EQ(rest("GET", "todos").body, "[]");
}

TEST_F(RestWriteTest, TheAppsIdempotencyKeyReplaysTheAnswer) {
  const http::Headers key = {{"Idempotency-Key", "app-1"}, {"Prefer", "return=representation"}};
  const auto first = rest("POST", "notes", R"({"body":"n"})", key);
  const auto again = rest("POST", "notes", R"({"body":"n"})", key);
  EXPECT_EQ(again.status, first.status);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(header(again, "Holdfast-Outbox-Id"), header(first, "Holdfast-Outbox-Id"));
  EXPECT_EQ(depth(), 1);
  rest("POST", "notes", R"({"body":"n"})", {{"Idempotency-Key", "app-2"}});
  EXPECT_EQ(depth(), 2);
}

TEST_F(RestWriteTest, AnErrorQueuesNothing) {
  EXPECT_EQ(rest("POST", "todos", R"({"id":1})").status, 400);
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":)").status, 400);
  EXPECT_EQ(rest("POST", "todos", R"([{"id":1,"title":"a"},{"id":1,"title":"b"}])").status, 409);
  EXPECT_EQ(depth(), 0);
  EXPECT_EQ(rest("GET", "todos").body, "[]");
}

TEST_F(RestWriteTest, MoreRowsThanPermittedAreTakenBack) {
  put("todos", R"([{"id":1,"title":"a","done":false,"updated_at":"2026-11-21T00:00:00Z"},
                   {"id":2,"title":"b","done":false,"updated_at":"2026-11-21T00:00:00Z"}])");
  const auto answer = rest("PATCH", "todos?id=gt.0", R"({"title":"z"})",
                           {{"Prefer", "handling=strict, max-affected=1"}});
  EXPECT_EQ(answer.status, 400);
  EXPECT_THAT(answer.body, HasSubstr("PGRST124"));
  EXPECT_EQ(depth(), 0);
}

TEST_F(RestWriteTest, NewRowsAreNotBounded) {
  const auto answer = rest("POST", "todos", R"([{"id":1,"title":"a"},{"id":2,"title":"b"}])",
                           {{"Prefer", "handling=strict, max-affected=1"}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(header(answer, "Preference-Applied"), "handling=strict");
}

TEST_F(RestWriteTest, ASingularAnswerOfManyRowsTakesTheWriteBack) {
  put("todos", R"([{"id":1,"title":"a","done":false,"updated_at":"2026-11-21T00:00:00Z"},
                   {"id":2,"title":"b","done":false,"updated_at":"2026-11-21T00:00:00Z"}])");
  const auto answer =
      rest("PATCH", "todos?id=gt.0&select=title", R"({"title":"z"})",
           {{"Prefer", "return=representation"}, {"Accept", "application/vnd.pgrst.object+json"}});
  EXPECT_EQ(answer.status, 406);
  EXPECT_EQ(depth(), 0);
  EXPECT_THAT(rest("GET", "todos?select=title").body, ::testing::Not(HasSubstr("z")));
}

TEST_F(RestWriteTest, ASingularWriteOfOtherThanOneRowIsToldWithoutAKeyToo) {
  upstream_.set_offline(true);
  const http::Headers singular = {{"Accept", "application/vnd.pgrst.object+json"}};
  const auto two = rest("POST", "logs", R"([{"line":"x"},{"line":"y"}])", singular);
  EXPECT_EQ(two.status, 406);
  EXPECT_THAT(two.body, HasSubstr("The result contains 2 rows"));
  EXPECT_EQ(rest("PATCH", "logs?line=eq.none", R"({"line":"z"})", singular).status, 406);
  EXPECT_EQ(rest("DELETE", "logs?line=eq.none", "", singular).status, 406);
  EXPECT_EQ(rest("POST", "logs", R"({"line":"x"})", singular).status, 504);
  EXPECT_EQ(depth(), 0);
}

// Hard case 13.
TEST_F(RestWriteTest, WhatOnlyTheUpstreamCanDoIs504Offline) {
  upstream_.set_offline(true);
  const auto answer = rest("POST", "logs", R"({"line":"x"})");
  EXPECT_EQ(answer.status, 504) << answer.body;
  EXPECT_THAT(answer.body, HasSubstr("HF504"));
  EXPECT_EQ(depth(), 0);
}

TEST_F(RestWriteTest, AMistakeIsToldEvenWhereOnlyTheUpstreamCouldDoTheRest) {
  EXPECT_EQ(rest("POST", "logs", R"({"nothing":"x"})").status, 400);
  EXPECT_EQ(rest("POST", "logs", "[]").status, 201);
}

TEST_F(RestWriteTest, AColumnThatIsNamedAndNotGivenIsNullOrItsDefault) {
  put("todos", R"({"id":1,"title":"a","done":true,"updated_at":"2026-11-21T00:00:00Z"})");
  const http::Headers shown = {{"Prefer", "return=representation, missing=default"}};
  EXPECT_EQ(
      rest("PATCH", "todos?id=eq.1&columns=title,done&select=title,done", R"({"title":"b"})", shown)
          .body,
      R"([{"title":"b","done":false}])");
  EXPECT_THAT(rest("PATCH", "todos?id=eq.1&columns=title,done", R"({"title":"b"})").body,
              HasSubstr("23502"));
}

TEST_F(RestWriteTest, APutWritesTheRowThatItNames) {
  EXPECT_EQ(rest("PUT", "todos?id=eq.1", R"({"id":1,"title":"a"})").status, 204);
  const auto again = rest("PUT", "todos?id=eq.1&select=title", R"({"id":1,"title":"b"})",
                          {{"Prefer", "return=representation"}});
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, R"([{"title":"b"}])");
  EXPECT_EQ(header(again, "Content-Range"), "(none)");
  EXPECT_EQ(depth(), 2);
}

TEST_F(RestWriteTest, ATransactionThatRollsBackShowsItsRowsAndLeavesNothing) {
  const http::Headers rollback = {{"Prefer", "tx=rollback, return=representation"}};
  upstream_.set_offline(true);
  // Nothing is known of its grants, so that the upstream might refuse it.
  EXPECT_EQ(rest("POST", "todos?select=id", R"({"id":1,"title":"a"})", rollback).status, 504);
  auto tables = cache::sample::tables();
  for (auto& table : tables) table.privileges["anon"] = {"select", "insert", "update", "delete"};
  stores_.set_catalog(std::make_shared<const cache::Catalog>(
      std::move(tables), std::vector<cache::Function>{}, std::vector<std::string>{"public"}));
  store_ = stores_.open(http::Principal::anonymous());
  const auto answer = rest("POST", "todos?select=id", R"({"id":1,"title":"a"})", rollback);
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, R"([{"id":1}])");
  EXPECT_EQ(header(answer, "Preference-Applied"), "return=representation, tx=rollback");
  EXPECT_EQ(rest("GET", "todos").body, "[]");
  EXPECT_EQ(depth(), 0);
}

// Hard case 16.
TEST_F(RestWriteTest, AfterAForwardedWriteReadsAreForwardedUntilAPull) {
  go_online();
  upstream_.respond_with([](const upstream::Call& call) -> upstream::Outcome {
    upstream::Answer answer;
    answer.status = call.method == "POST" ? 201 : 200;
    answer.headers.add("Content-Type", "application/json");
    if (call.method == "GET") answer.body = R"([{"from":"upstream"}])";
    return answer;
  });
  EXPECT_THAT(header(rest("GET", "todos"), "Cache-Status"), StartsWith("holdfast; hit"));
  EXPECT_EQ(rest("POST", "logs", R"({"line":"x"})").status, 201);
  const auto read = rest("GET", "todos");
  EXPECT_EQ(read.body, R"([{"from":"upstream"}])");
  EXPECT_THAT(header(read, "Cache-Status"), HasSubstr("fwd=stale"));
  go_offline();
  EXPECT_THAT(header(rest("GET", "todos"), "Cache-Status"), StartsWith("holdfast; hit"));
}

// Hard case 16: it may have taken effect.
TEST_F(RestWriteTest, AForwardedWriteWithoutAnAnswerCountsToo) {
  go_online();
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  EXPECT_EQ(rest("POST", "logs", R"({"line":"x"})").status, 504);
  EXPECT_TRUE(store_->behind_forwarded_write());
}

// Hard case 5: only what it shares rows with holds it back.
TEST_F(RestWriteTest, AParkedEntryHoldsAForwardedWriteOfItsOwnTableBackOnly) {
  go_offline();
  rest("POST", "todos", R"({"id":1,"title":"a"})");
  store_->writer().run(cache::Writer::Priority::kClient, [](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_outbox SET state='conflict'");
  });
  go_online();
  upstream_.respond_with([](const upstream::Call&) -> upstream::Outcome {
    return upstream::Answer{201, {}, "", {}, {}};
  });
  EXPECT_EQ(rest("POST", "logs", R"({"line":"x"})").status, 201);
  EXPECT_EQ(rest("POST", "todos", R"({"id":2,"title":"b"})", {{"Prefer", "tx=rollback"}}).status,
            504);
}

// Hard case 6: the row may be there, whatever else waits for a person.
TEST_F(RestWriteTest, AWriteOfARowThatIsNotHereIsAskedBesideAParkedEntry) {
  go_offline();
  rest("POST", "todos", R"({"id":1,"title":"a"})");
  store_->writer().run(cache::Writer::Priority::kClient, [](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_outbox SET state='conflict'");
  });
  go_online();
  upstream_.push(204, "");
  EXPECT_EQ(rest("PATCH", "todos?id=eq.77", R"({"title":"x"})").status, 204);
  ASSERT_EQ(upstream_.calls().size(), 1U);
  EXPECT_THAT(upstream_.calls()[0].target, HasSubstr("id=eq.77"));
}

TEST_F(RestWriteTest, OnlineADoubtIsTheUpstreamsToSettle) {
  go_online();
  put("todos", R"({"id":1,"title":"a","done":false,"updated_at":"2026-11-21T00:00:00Z"})");
  upstream_.push(409, R"({"code":"23505","message":"duplicate"})",
                 {{"Content-Type", "application/json"}});
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"b"})").status, 409);
  EXPECT_EQ(unfinished(), 0);
  go_offline();
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"b"})").status, 201);
  EXPECT_EQ(unfinished(), 1);
}

TEST_F(RestWriteTest, AFullDiskIs507AndQueuesNothing) {
  store_->writer().run(cache::Writer::Priority::kClient, [](cache::Transaction& transaction) {
    cache::Statement pages(transaction.database(), "PRAGMA page_count");
    pages.step();
    cache::Statement limit(transaction.database(),
                           "PRAGMA max_page_count=" + std::to_string(pages.integer(0)));
    limit.step();
  });
  const auto answer =
      rest("POST", "todos", R"({"id":1,"title":")" + std::string(100'000, 'x') + "\"}");
  EXPECT_EQ(answer.status, 507) << answer.body;
  EXPECT_EQ(depth(), 0);
}

TEST_F(RestWriteTest, TheServiceRolesWriteIsNoOtherPrincipals) {
  go_online();
  upstream_.push(201, "");
  EXPECT_EQ(ask({"POST",
                 "/rest/v1/todos",
                 {{"apikey", "sb_secret_test"}, {"Content-Type", "application/json"}},
                 R"({"id":1,"title":"a"})"})
                .status,
            201);
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(depth(), 0);
}

// The link is lost, and nobody has noticed yet.
class LostLinkTest : public RestWriteTest {
 protected:
  LostLinkTest() {
    go_online();
    upstream_.respond_with([this](const upstream::Call&) -> upstream::Outcome {
      go_offline();
      return upstream::Failure{upstream::Loss::kNotSent, "refused"};
    });
  }
  http::Response as_service(const http::Headers& more = {}) {
    http::Headers headers = {{"apikey", "sb_secret_test"}, {"Content-Type", "application/json"}};
    for (const auto& [name, value] : more) headers.add(name, value);
    return ask({"POST", "/rest/v1/todos", headers, R"({"id":1,"title":"a"})"});
  }
};

TEST_F(LostLinkTest, AWriteOfTheServiceRoleThatSurelyDidNotArriveIsQueued) {
  const auto answer = as_service();
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_NE(header(answer, "Holdfast-Outbox-Id"), "(none)");
  // Nobody here knows the rows that would be given back.
  EXPECT_EQ(as_service({{"Prefer", "return=representation"}}).status, 504);
}

TEST_F(LostLinkTest, AnAnswerAsLinesOfTextIsMadeHereOnceNobodyElseCan) {
  const http::Headers lines = {{"Accept", "text/csv"}, {"Prefer", "return=representation"}};
  const auto answer = rest("POST", "todos?select=id,title", R"({"id":1,"title":"a"})", lines);
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.body, "id,title\n1,a");
  EXPECT_EQ(depth(), 1);
}

TEST_F(LostLinkTest, WhatMayHaveArrivedIsNotSentAgain) {
  upstream_.respond_with([](const upstream::Call&) -> upstream::Outcome {
    return upstream::Failure{upstream::Loss::kAnswerLost, "cut"};
  });
  // With an answer that says neither yes nor no, it is the app's to look.
  EXPECT_EQ(as_service({{"Prefer", "return=representation"}}).status, 504);
  EXPECT_EQ(upstream_.calls().size(), 1U);
  const auto listed = [this] {
    return nlohmann::json::parse(control("GET", "/outbox").body).size();
  };
  EXPECT_EQ(listed(), 0U);
  // With one that says yes it is listed, for a person to look.
  EXPECT_EQ(as_service().status, 201);
  EXPECT_EQ(listed(), 1U);
  EXPECT_EQ(upstream_.calls().size(), 2U);
}

TEST_F(RestWriteTest, ADeadLetterIsListedRetriedAndDiscardedUnderTheControlToken) {
  const std::string id =
      header(rest("POST", "todos", R"({"id":1,"title":"a"})"), "Holdfast-Outbox-Id");
  upstream_.push(400, R"({"code":"23514","message":"violates check"})",
                 {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  EXPECT_EQ(ask({"GET", "/outbox", {}, ""}).status, 401);
  const auto listed = nlohmann::json::parse(control("GET", "/outbox?state=dead").body);
  ASSERT_EQ(listed.size(), 1U);
  EXPECT_EQ(listed[0].at("id"), id);
  EXPECT_THAT(listed[0].at("last_error").get<std::string>(), HasSubstr("violates check"));
  EXPECT_EQ(rest("GET", "todos").body, "[]");
  EXPECT_EQ(control("POST", "/outbox/" + id + "/retry").status, 200);
  EXPECT_THAT(rest("GET", "todos").body, HasSubstr("\"a\""));
  EXPECT_EQ(control("POST", "/outbox/" + id + "/discard").status, 200);
  EXPECT_EQ(rest("GET", "todos").body, "[]");
  EXPECT_EQ(control("POST", "/outbox/" + id + "/retry").status, 409);
  EXPECT_EQ(control("GET", "/outbox/none").status, 404);
}

}  // namespace
}  // namespace holdfast::routes
