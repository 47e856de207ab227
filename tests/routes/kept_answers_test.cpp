#include <gmock/gmock.h>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ::testing::StartsWith;

http::Headers postgrest(const char* range = "0-0/*") {
  return {{"Content-Type", "application/json; charset=utf-8"}, {"Content-Range", range}};
}

cache::Function function(const char* name, cache::Volatility volatility) {
  cache::Function made;
  made.schema = "public";
  made.name = name;
  made.volatility = volatility;
  return made;
}

// With a view, and functions of each kind.
class KeptAnswersTest : public RoutesTest {
 protected:
  KeptAnswersTest() {
    auto tables = cache::sample::tables();
    cache::Table view =
        cache::sample::table("open_todos", cache::sample::columns({{"id", "integer"}}), {});
    view.kind = cache::TableKind::kView;
    tables.push_back(std::move(view));
    use(std::make_shared<const cache::Catalog>(
        std::move(tables),
        std::vector{function("total", cache::Volatility::kStable),
                    function("pay", cache::Volatility::kVolatile),
                    function("both", cache::Volatility::kStable),
                    function("both", cache::Volatility::kVolatile)},
        std::vector<std::string>{"public"}));
    go_online();
  }
  // The upstream goes away, and what it answered is on disk.
  void cut() {
    store_->writer().run(cache::Writer::Priority::kBackground, [](cache::Transaction&) {});
    upstream_.set_offline(true);
    go_offline();
  }
  void restore() {
    upstream_.set_offline(false);
    go_online();
  }
};

TEST_F(KeptAnswersTest, AFunctionsAnswerIsGivenWhileTheUpstreamIsAway) {
  upstream_.push(200, "7", postgrest());
  const auto first = rest("GET", "rpc/total?a=1&b=2");
  EXPECT_EQ(header(first, "Cache-Status"),
            "holdfast; fwd=miss; fwd-status=200; stored; detail=\"a function\"");
  cut();
  clock_.advance(90s);
  const auto kept = rest("GET", "rpc/total?b=2&a=1");
  EXPECT_EQ(kept.status, 200);
  EXPECT_EQ(kept.body, "7");
  EXPECT_EQ(header(kept, "Age"), "90");
  EXPECT_THAT(header(kept, "Cache-Status"), StartsWith("holdfast; hit; detail="));
  EXPECT_EQ(rest("GET", "rpc/total?b=2&a=2").status, 504) << "other arguments, another answer";
}

TEST_F(KeptAnswersTest, OnlineTheUpstreamItselfAnswers) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  upstream_.push(200, "8", postgrest());
  EXPECT_EQ(rest("GET", "rpc/total").body, "8");
}

TEST_F(KeptAnswersTest, ThePostOfAStableFunctionIsARead) {
  upstream_.push(200, "7", postgrest());
  rest("POST", "rpc/total", R"({"a":1})");
  EXPECT_FALSE(store_->behind_forwarded_write());
  cut();
  EXPECT_EQ(rest("POST", "rpc/total", R"({"a":1})").body, "7");
  EXPECT_EQ(rest("POST", "rpc/total", R"({"a":2})").status, 504);
}

TEST_F(KeptAnswersTest, AnAnswerOfAFunctionThatMayWriteIsNeverKept) {
  for (const char* name : {"rpc/pay", "rpc/both", "rpc/unknown"}) {
    upstream_.push(200, "7", postgrest());
    EXPECT_EQ(rest("POST", name, "{}").body, "7");
  }
  cut();
  for (const char* name : {"rpc/pay", "rpc/both", "rpc/unknown"}) {
    const auto answer = rest("POST", name, "{}");
    EXPECT_EQ(answer.status, 504) << name;
    EXPECT_THAT(answer.body, HasSubstr("\"HF504\""));
  }
}

TEST_F(KeptAnswersTest, AFunctionThatMayWriteMakesReadsGoUpstreamAndDropsWhatWasKept) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  upstream_.push(200, "null", postgrest());
  rest("POST", "rpc/pay", "{}");
  EXPECT_TRUE(store_->behind_forwarded_write());
  upstream_.push(200, "[]", postgrest("*/*"));
  EXPECT_THAT(header(rest("GET", "todos"), "Cache-Status"), StartsWith("holdfast; fwd=stale"));
  cut();
  EXPECT_EQ(rest("GET", "rpc/total").status, 504);
}

TEST_F(KeptAnswersTest, AnEdgeFunctionMayHaveWritten) {
  const http::Headers key = {{"apikey", kKey}};
  upstream_.push(200, "{}");
  ask({"GET", "/functions/v1/report", key, ""});
  EXPECT_FALSE(store_->behind_forwarded_write());
  upstream_.push(200, "{}");
  EXPECT_EQ(ask({"POST", "/functions/v1/order", key, "{}"}).body, "{}");
  EXPECT_TRUE(store_->behind_forwarded_write());
}

TEST_F(KeptAnswersTest, FunctionsAndFilesMayTakeTheirTime) {
  const http::Headers key = {{"apikey", kKey}};
  const auto unhurried = [&](const std::string& method, const std::string& target) {
    upstream_.push(200, "{}");
    ask({method, target, key, ""});
    return upstream_.calls().back().unhurried;
  };
  EXPECT_TRUE(unhurried("POST", "/functions/v1/order"));
  EXPECT_TRUE(unhurried("GET", "/storage/v1/object/authenticated/a/b.mp4"));
  EXPECT_TRUE(unhurried("POST", "/graphql/v1"));
  EXPECT_TRUE(unhurried("POST", "//functions/v1/order"));
  EXPECT_FALSE(unhurried("POST", "/rest/v1/rpc/pay"));
}

TEST_F(KeptAnswersTest, ACallThatNeverLeftDropsNothing) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  cut();
  EXPECT_EQ(rest("POST", "rpc/pay", "{}").status, 504);
  EXPECT_FALSE(store_->behind_forwarded_write());
  EXPECT_EQ(rest("GET", "rpc/total").body, "7");
}

TEST_F(KeptAnswersTest, ACallThatIsRefusedDropsNothing) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  upstream_.push(404, R"({"code":"PGRST202","message":"Could not find the function"})",
                 postgrest());
  EXPECT_EQ(rest("POST", "rpc/typo", "{}").status, 404);
  upstream_.push(300, R"({"code":"PGRST203","message":"Could not choose"})", postgrest());
  EXPECT_EQ(rest("POST", "rpc/pay", "{}").status, 300);
  EXPECT_FALSE(store_->behind_forwarded_write());
  cut();
  EXPECT_EQ(rest("GET", "rpc/total").body, "7");
}

TEST_F(KeptAnswersTest, AnotherPrincipalDoesNotGetIt) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  cut();
  const auto other = ask({"GET", "/rest/v1/rpc/total", {{"apikey", "sb_secret_test"}}, ""});
  EXPECT_EQ(other.status, 504);
}

TEST_F(KeptAnswersTest, ItIsNotGivenOnceAnOwnWriteIsMissingInIt) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  cut();
  EXPECT_EQ(rest("GET", "rpc/total").body, "7");
  ASSERT_EQ(rest("POST", "notes", R"({"body":"new"})").status, 201);
  EXPECT_EQ(rest("GET", "rpc/total").status, 504);
}

TEST_F(KeptAnswersTest, ATableThatIsNotReplicatedIsGivenUntilItIsWritten) {
  replica_.table_options["tags"].read = cache::ReadMode::kPass;
  use(store_->shared_catalog());
  upstream_.push(200, R"([{"name":"a"}])", postgrest());
  const auto first = rest("GET", "tags?select=name");
  EXPECT_THAT(header(first, "Cache-Status"),
              HasSubstr("stored; detail=\"tags is not replicated\""));
  cut();
  EXPECT_EQ(rest("GET", "tags?select=name").body, R"([{"name":"a"}])");
  EXPECT_EQ(rest("GET", "tags?select=name&limit=1").status, 504);
  ASSERT_EQ(rest("POST", "notes", R"({"body":"new"})").status, 201);
  EXPECT_EQ(rest("GET", "tags?select=name").status, 200) << "a write to another table";
}

TEST_F(KeptAnswersTest, ACaptivePortalsPageIsNotKept) {
  upstream_.push(200, "<html>", {{"Content-Type", "text/html"}});
  EXPECT_THAT(header(rest("GET", "rpc/total"), "Cache-Status"),
              ::testing::Not(HasSubstr("stored")));
  cut();
  EXPECT_EQ(rest("GET", "rpc/total").status, 504);
}

TEST_F(KeptAnswersTest, AClientMayForbidKeeping) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total", "", {{"Cache-Control", "no-store"}});
  cut();
  EXPECT_EQ(rest("GET", "rpc/total").status, 504);
}

TEST_F(KeptAnswersTest, OnlyIfCachedNeverAsksTheUpstream) {
  const http::Headers only = {{"Cache-Control", "only-if-cached"}};
  EXPECT_EQ(rest("GET", "rpc/total", "", only).status, 504);
  EXPECT_TRUE(upstream_.calls().empty());
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  store_->writer().run(cache::Writer::Priority::kBackground, [](cache::Transaction&) {});
  upstream_.clear_calls();
  EXPECT_EQ(rest("GET", "rpc/total", "", only).body, "7");
  EXPECT_EQ(rest("GET", "todos", "", only).status, 200);
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(KeptAnswersTest, MethodsThatFunctionsDoNotHaveAreRefused) {
  const auto answer = rest("DELETE", "rpc/total");
  EXPECT_EQ(answer.status, 405);
  EXPECT_THAT(answer.body, HasSubstr("Cannot use the DELETE method on RPC"));
  EXPECT_THAT(answer.body, HasSubstr("PGRST101"));
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(KeptAnswersTest, OptionsOfAFunctionFollowItsVolatility) {
  EXPECT_EQ(header(rest("OPTIONS", "rpc/total"), "Allow"), "OPTIONS,GET,HEAD,POST");
  EXPECT_EQ(header(rest("OPTIONS", "rpc/pay"), "Allow"), "OPTIONS,POST");
}

TEST_F(KeptAnswersTest, AFunctionOfAnUnknownProfileIsRefused) {
  const auto answer = rest("POST", "rpc/total", "{}", {{"Content-Profile", "secret"}});
  EXPECT_EQ(answer.status, 406);
  EXPECT_THAT(answer.body, HasSubstr("PGRST106"));
}

// What stands in front of the upstream, or the upstream itself, when it cannot answer.
struct Trouble {
  const char* name;
  int status;
  const char* body;
  const char* type;
};
const Trouble kProxyPage{"a proxy's page", 502, "<html>Bad gateway</html>", "text/html"};
const Trouble kTroubles[] = {
    kProxyPage,
    {"a captive portal", 200, "<html>Welcome</html>", "text/html; charset=utf-8"},
    {"a redirect", 302, "", ""},
    {"a firewall", 403, "error code: 1020", "text/plain"},
    {"nothing", 503, "", ""},
    {"a gateway's words", 503, R"({"message":"no Route matched"})", "application/json"},
    {"no database", 503, R"({"code":"PGRST000","message":"x"})", "application/json"},
    {"a timeout", 500, R"({"code":"57014","message":"x"})", "application/json"},
    {"too many", 429, R"({"message":"slow down"})", "application/json"},
};

class FailingUpstreamTest : public KeptAnswersTest {
 protected:
  void keep_a_note() {
    put("notes", R"([{"id":"11111111-1111-4111-8111-111111111111","body":"here","number":null}])");
  }
  void fail_with(const Trouble& trouble) {
    upstream_.push(trouble.status, trouble.body, {{"Content-Type", trouble.type}});
  }
};

TEST_F(FailingUpstreamTest, AReadThatAsksOnlyForFreshnessIsAnsweredFromHere) {
  keep_a_note();
  for (const auto& trouble : kTroubles) {
    fail_with(trouble);
    const auto answer = rest("GET", "notes?select=body", "", {{"Cache-Control", "no-cache"}});
    EXPECT_EQ(answer.body, R"([{"body":"here"}])") << trouble.name;
    EXPECT_EQ(header(answer, "Cache-Status"), "holdfast; hit") << trouble.name;
  }
  EXPECT_EQ(upstream_.calls().size(), std::size(kTroubles)) << "each time it was asked";
}

TEST_F(FailingUpstreamTest, NetworkFirstIsAnsweredFromHere) {
  replica_.table_options["notes"].read = cache::ReadMode::kNetworkFirst;
  keep_a_note();
  fail_with(kProxyPage);
  EXPECT_EQ(rest("GET", "notes?select=body").body, R"([{"body":"here"}])");
}

TEST_F(FailingUpstreamTest, AViewsCopyForOfflineIsShown) {
  fail_with(kProxyPage);
  EXPECT_EQ(rest("GET", "open_todos").body, "[]");
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(FailingUpstreamTest, ALostAnswerIsGivenFromHereBeforeTheUpstreamCountsAsAway) {
  keep_a_note();
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  const auto answer = rest("GET", "notes?select=body", "", {{"Cache-Control", "no-cache"}});
  EXPECT_EQ(answer.body, R"([{"body":"here"}])");
}

TEST_F(FailingUpstreamTest, AFunctionsKeptAnswerIsGiven) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  store_->writer().run(cache::Writer::Priority::kBackground, [](cache::Transaction&) {});
  for (const auto& trouble : kTroubles) {
    fail_with(trouble);
    EXPECT_EQ(rest("GET", "rpc/total").body, "7") << trouble.name;
  }
}

TEST_F(FailingUpstreamTest, WithoutAnAnswerHereAPageBecomesTheApisError) {
  for (const char* target : {"rpc/total", "unheard_of"}) {
    fail_with(kProxyPage);
    const auto answer = rest("GET", target);
    EXPECT_EQ(answer.status, 504) << target;
    EXPECT_EQ(header(answer, "Content-Type"), "application/json; charset=utf-8");
    EXPECT_THAT(answer.body, HasSubstr(R"("code":"HF504")"));
    EXPECT_THAT(answer.body, HasSubstr("HTTP 502 that is not the API's answer"));
  }
}

TEST_F(FailingUpstreamTest, ACallThatMayWriteHearsThatItMayHaveHappened) {
  fail_with(kProxyPage);
  const auto answer = rest("POST", "rpc/pay", "{}");
  EXPECT_EQ(answer.status, 504);
  EXPECT_THAT(answer.body, HasSubstr("No answer came (HTTP 502 that is not the API's answer): the "
                                     "request may or may not have taken effect."));
  EXPECT_TRUE(store_->behind_forwarded_write());
}

TEST_F(FailingUpstreamTest, TheApisOwnErrorsArePassedOn) {
  upstream_.push(200, "7", postgrest());
  rest("GET", "rpc/total");
  store_->writer().run(cache::Writer::Priority::kBackground, [](cache::Transaction&) {});
  const Trouble own[] = {
      {"a fault of the function", 500, R"({"code":"XX000"})", "application/json"},
      {"what it raised", 400, R"({"code":"P0001"})", "application/json"},
      {"its gateway", 401, R"({"message":"No API key found"})", "application/json"},
  };
  for (const auto& error : own) {
    fail_with(error);
    const auto answer = rest("GET", "rpc/total");
    EXPECT_EQ(answer.status, error.status) << error.name;
    EXPECT_EQ(answer.body, error.body) << error.name;
  }
  fail_with({"cannot, and nothing is kept", 503, R"({"code":"PGRST000"})", "application/json"});
  EXPECT_EQ(rest("GET", "rpc/total?a=1").status, 503);
}

TEST_F(FailingUpstreamTest, AFunctionMayAnswerInHtml) {
  upstream_.push(200, "<p>hi</p>", {{"Content-Type", "text/html"}, {"Content-Range", "0-0/*"}});
  EXPECT_EQ(rest("GET", "rpc/total", "", {{"Accept", "text/html"}}).body, "<p>hi</p>");
}

class FreshnessTest : public KeptAnswersTest {
 protected:
  void pulled() { store_->note_pulled(*store_->catalog().find("public", "todos"), clock_.now()); }
  std::string status(http::Headers headers = {}) {
    if (online_) upstream_.push(200, "[]", postgrest("*/*"));
    return header(rest("GET", "todos", "", std::move(headers)), "Cache-Status");
  }
  bool online_ = true;
};

TEST_F(FreshnessTest, NoCacheAsksTheUpstreamWhereThereIsOne) {
  pulled();
  EXPECT_EQ(status(), "holdfast; hit");
  EXPECT_THAT(status({{"Cache-Control", "no-cache"}}), StartsWith("holdfast; fwd=request"));
  cut();
  online_ = false;
  EXPECT_EQ(status({{"Cache-Control", "no-cache"}}), "holdfast; hit");
}

TEST_F(FreshnessTest, MaxAgeIsComparedWithTheOldestTable) {
  store_->note_pulled(*store_->catalog().find("public", "lists"), clock_.now() - 60s);
  pulled();
  const auto answer = rest("GET", "todos?select=id,lists(id)");
  EXPECT_EQ(header(answer, "Age"), "60");
  EXPECT_EQ(status({{"Cache-Control", "max-age=30"}}), "holdfast; hit");
  upstream_.push(200, "[]", postgrest("*/*"));
  const auto embed =
      rest("GET", "todos?select=id,lists(id)", "", {{"Cache-Control", "max-age=30"}});
  EXPECT_THAT(header(embed, "Cache-Status"), StartsWith("holdfast; fwd=request"));
}

TEST_F(FreshnessTest, WhatIsOlderThanItsMaxStalenessIsAskedFor) {
  replica_.table_options["todos"].max_staleness = 30s;
  pulled();
  EXPECT_EQ(status(), "holdfast; hit");
  clock_.advance(30s);
  EXPECT_EQ(status(), "holdfast; hit");
  clock_.advance(1ms);
  EXPECT_THAT(status(), StartsWith("holdfast; fwd=stale"));
  cut();
  online_ = false;
  EXPECT_EQ(status(), "holdfast; hit") << "offline is normal";
}

}  // namespace
}  // namespace holdfast::routes
