#include <gmock/gmock.h>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::HasSubstr;

class RestReadTest : public RoutesTest {
 protected:
  RestReadTest() {
    put("lists", R"([{"id":1,"title":"a","slot":1,"updated_at":null},)"
                 R"({"id":2,"title":"b","slot":2,"updated_at":null},)"
                 R"({"id":3,"title":"c","slot":3,"updated_at":null}])");
    go_online();
  }
  http::Response lists(http::Headers headers, const std::string& query = "&order=id",
                       const std::string& method = "GET") {
    return rest(method, "lists?select=id" + query, "", std::move(headers));
  }
};

TEST_F(RestReadTest, TheProfileIsAnsweredWhereOneIsNamed) {
  EXPECT_EQ(header(lists({{"Accept-Profile", "public"}}), "Content-Profile"), "public");
  EXPECT_EQ(header(lists({{"Content-Profile", "public"}}), "Content-Profile"), "(none)");
  EXPECT_EQ(header(lists({}), "Content-Profile"), "(none)");
}

TEST_F(RestReadTest, ARangeIsOneOfRowsAndOfGetOnly) {
  const auto window = lists({{"Range-Unit", "items"}, {"Range", "1-1"}});
  EXPECT_EQ(window.body, R"([{"id":2}])");
  EXPECT_EQ(header(window, "Content-Range"), "1-1/*");
  EXPECT_EQ(window.status, 200);
  EXPECT_EQ(header(lists({{"Range", "1-"}}), "Content-Range"), "1-2/*");
  EXPECT_EQ(header(lists({{"Range", "0-0"}}, "", "HEAD"), "Content-Range"), "0-2/*");
  for (const char* other : {"items=0-0", "bytes=0-0", "-1", "0", "0-x", "", "+0-0"}) {
    EXPECT_EQ(header(lists({{"Range", other}}), "Content-Range"), "0-2/*") << other;
  }
}

// PostgREST reads any number, and bigint is PostgreSQL's.
TEST_F(RestReadTest, ARangeBeyondBigintIsNoneOrTheUpstreams) {
  const auto open = lists({{"Range", "1-99999999999999999999"}});
  EXPECT_EQ(header(open, "Content-Range"), "1-2/*");
  EXPECT_EQ(header(lists({{"Range", "0-9223372036854775807"}}), "Content-Range"), "0-2/*");
  upstream_.push(200, "[]", {{"Content-Type", "application/json"}});
  EXPECT_THAT(header(lists({{"Range", "99999999999999999999-"}}), "Cache-Status"),
              HasSubstr("a range beyond bigint"));
}

// PostgREST has read by then, and says of the answer what it says of any.
TEST_F(RestReadTest, AnOffsetBehindTheRowsIsRefusedInTheFormOfAnAnswer) {
  const auto beyond = lists({{"Prefer", "count=exact"}, {"Accept", "text/csv"}}, "&offset=9");
  EXPECT_EQ(beyond.status, 416);
  EXPECT_THAT(beyond.body, HasSubstr("there are only 3 rows"));
  EXPECT_EQ(header(beyond, "Content-Range"), "*/3");
  EXPECT_EQ(header(beyond, "Content-Type"), "text/csv; charset=utf-8");
  EXPECT_EQ(header(beyond, "Content-Location"), "/lists?offset=9&select=id");
  EXPECT_EQ(header(beyond, "Preference-Applied"), "count=exact");
  EXPECT_EQ(header(beyond, "Proxy-Status"), "(none)");
}

TEST_F(RestReadTest, ASingleObjectIsMissedBeforeTheRange) {
  const auto none = lists(
      {{"Prefer", "count=exact"}, {"Accept", "application/vnd.pgrst.object+json"}}, "&offset=9");
  EXPECT_EQ(none.status, 406);
  EXPECT_THAT(none.body, HasSubstr("The result contains 0 rows"));
  EXPECT_EQ(header(none, "Proxy-Status"), "PostgREST; error=PGRST116");
}

TEST_F(RestReadTest, TheLocationNamesEachParameterOnceAndTheTableAsItIs) {
  const auto location = [&](const std::string& target) {
    return header(rest("GET", target), "Content-Location");
  };
  EXPECT_EQ(location("lists?title=neq.x%2Cy&select=id&id=lt.9&id=gt.0&apikey=k"),
            "/lists?id=lt.9,gt.0&select=id&title=neq.x%2Cy");
  // PostgREST encodes each byte as if it were a character.
  EXPECT_EQ(location("lists?title=eq.%C3%A9"), "/lists?title=eq.%C3%83%C2%A9");
  auto tables = cache::sample::tables();
  for (const char* name : {"Caf\u00e9 & more", "two\r\nlines"}) {
    tables.push_back(
        cache::sample::table(name, cache::sample::columns({{"id", "integer", false}}), {0}));
  }
  use(std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>(),
                                             std::vector<std::string>{"public"}));
  EXPECT_EQ(location("Caf%C3%A9%20%26%20more?select=id"), "/Caf\u00e9 & more?select=id");
  EXPECT_EQ(location("two%0D%0Alines"), "/two%0D%0Alines");
}

TEST_F(RestReadTest, WhetherAggregatesAreAllowedIsTheUpstreamsToSay) {
  upstream_.push(200, R"([{"count":3}])",
                 {{"Content-Type", "application/json"}, {"Content-Range", "0-0/*"}});
  EXPECT_EQ(rest("GET", "lists?select=count()").body, R"([{"count":3}])");
  go_offline();
  const auto refused = rest("GET", "lists?select=id.sum()");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("PGRST123"));
}

TEST_F(RestReadTest, AnEmptyTimeZoneIsRefusedAfterWhatPostgrestRefuses) {
  const http::Headers empty = {{"Prefer", "timezone="}};
  const auto refused = lists(empty);
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr(R"("code":"22023")"));
  EXPECT_THAT(refused.body, HasSubstr(R"(invalid value for parameter \"TimeZone\": \"\")"));
  EXPECT_THAT(lists(empty, ",nothing(id)").body, HasSubstr("PGRST200"));
}

// Hard case 17: the row is here, so nothing about it is unknown.
TEST_F(RestReadTest, HardCase17_ARowByItsKeyIsReadHereThoughTheFirstSyncHasNotEnded) {
  store_->publish(*store_->catalog().find("public", "lists"), cache::TableStatus::kSyncing);
  upstream_.push(200, R"([{"id":2}])", {{"Content-Type", "application/json"}});
  EXPECT_THAT(header(lists({}, "&id=eq.2"), "Cache-Status"), HasSubstr("fwd")) << "online";
  go_offline();
  const auto one = lists({}, "&id=eq.2");
  EXPECT_EQ(one.body, R"([{"id":2}])");
  EXPECT_THAT(header(one, "Cache-Status"), HasSubstr("hit"));
  EXPECT_EQ(lists({}, "&id=eq.7").status, 504);
  EXPECT_EQ(lists({}, "&slot=eq.2").status, 504);
  EXPECT_EQ(rest("POST", "lists", R"({"id":8,"title":"mine"})").status, 201);
  EXPECT_EQ(lists({}, "&id=eq.8").body, R"([{"id":8}])") << "one's own";
}

TEST_F(RestReadTest, AnAnswerThatIsKeptEndsWithTheNextCommit) {
  const auto ask_often = [&] {
    for (int i = 0; i < 3; ++i) lists({}, "&order=id");
    EXPECT_GT(plans_.answers().bytes(), 0U);
    return lists({}, "&order=id").body;
  };
  EXPECT_EQ(ask_often(), R"([{"id":1},{"id":2},{"id":3}])");
  put("lists", R"([{"id":4,"title":"d","slot":4,"updated_at":null}])");
  EXPECT_EQ(ask_often(), R"([{"id":1},{"id":2},{"id":3},{"id":4}])");
  go_offline();
  EXPECT_EQ(rest("DELETE", "lists?id=eq.4").status, 204);
  EXPECT_EQ(ask_often(), R"([{"id":1},{"id":2},{"id":3}])");
}

TEST_F(RestReadTest, KeptAnswersOfOneTargetDifferByFormAndCount) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(lists({}, "&id=eq.1").body, R"([{"id":1}])");
    EXPECT_EQ(lists({{"Accept", "text/csv"}}, "&id=eq.1").body, "id\n1");
    EXPECT_EQ(lists({{"Accept", "application/vnd.pgrst.object+json"}}, "&id=eq.1").body,
              R"({"id":1})");
    EXPECT_EQ(header(lists({{"Prefer", "count=exact"}}, "&id=eq.1"), "Content-Range"), "0-0/1");
    EXPECT_EQ(header(lists({}, "&id=eq.1"), "Content-Range"), "0-0/*");
    const std::string stripped = "application/vnd.pgrst.array+json;nulls=stripped";
    const auto row = [&](http::Headers headers) {
      return rest("GET", "lists?select=id,updated_at&id=eq.1", "", std::move(headers)).body;
    };
    EXPECT_EQ(row({}), R"([{"id":1,"updated_at":null}])");
    EXPECT_EQ(row({{"Accept", stripped}}), R"([{"id":1}])");
  }
}

TEST_F(RestReadTest, AnotherPrincipalIsNotAnsweredFromKeptAnswers) {
  for (int i = 0; i < 3; ++i) lists({}, "&order=id");
  const auto other = stores_.open(
      {http::Principal::Kind::kUser, "someone", "authenticated", "{}", "user-someone"});
  const auto found =
      plans_.find_or_plan(store_->shared_catalog(), *store_->catalog().find("public", "lists"),
                          "select=id&order=id", {});
  const auto& read = std::get<PlanCache::Read>(found);
  ASSERT_TRUE(read.known);
  const auto kept_for = [&](const std::shared_ptr<cache::Store>& store) {
    return plans_.answers().find(
        {read.plan, store, cache::query::Form::kArray, false, store_->version()});
  };
  EXPECT_TRUE(kept_for(store_));
  EXPECT_FALSE(kept_for(other));
}

TEST_F(RestReadTest, AnImpossibleRangeIsRefusedInPostgrestsWords) {
  const auto turned = lists({{"Range", "1-0"}});
  EXPECT_EQ(turned.status, 416);
  EXPECT_THAT(turned.body, HasSubstr("The lower boundary must be lower than or equal to the upper "
                                     "boundary in the Range header."));
  const auto behind = lists({{"Prefer", "count=exact"}}, "&offset=10");
  EXPECT_EQ(behind.status, 416);
  EXPECT_THAT(behind.body, HasSubstr("PGRST103"));
  EXPECT_THAT(behind.body, HasSubstr("An offset of 10 was requested, but there are only 3 rows."));
  EXPECT_EQ(header(behind, "Content-Range"), "*/3");
  EXPECT_EQ(lists({}, "&offset=10").status, 200) << "without a count nobody knows";
}

TEST_F(RestReadTest, EveryKindOfCountGivesANumber) {
  for (const std::string kind : {"exact", "planned", "estimated"}) {
    const auto part = lists({{"Prefer", "count=" + kind}}, "&order=id&limit=2");
    EXPECT_EQ(part.status, 206) << kind;
    EXPECT_EQ(header(part, "Content-Range"), "0-1/3");
    EXPECT_EQ(header(part, "Preference-Applied"), "count=" + kind);
    EXPECT_EQ(lists({{"Prefer", "count=" + kind}}).status, 200);
  }
  EXPECT_EQ(header(lists({{"Prefer", "count=exact"}}, "&id=eq.9"), "Content-Range"), "*/0");
}

TEST_F(RestReadTest, StrictHandlingRefusesWhatIsNotKnown) {
  const auto strict = lists({{"Prefer", "handling=strict, anything"}, {"Prefer", "else"}});
  EXPECT_EQ(strict.status, 400);
  EXPECT_THAT(strict.body, HasSubstr("PGRST122"));
  EXPECT_THAT(strict.body, HasSubstr("Invalid preferences: anything, else"));
  EXPECT_EQ(lists({{"Prefer", "handling=lenient, anything"}}).status, 200);
  const auto both = lists({{"Prefer", "handling=strict"}, {"Prefer", "count=exact"}});
  EXPECT_EQ(header(both, "Preference-Applied"), "count=exact, handling=strict");
}

// A word that is no query, then names, then the media type, then preferences.
TEST_F(RestReadTest, OfSeveralFaultsTheFirstThatPostgrestMeetsIsReported) {
  go_offline();
  const http::Headers strict = {{"Prefer", "handling=strict, x"}, {"Accept", "text/plain"}};
  EXPECT_THAT(rest("GET", "nothing?select=a(", "", strict).body, HasSubstr("PGRST100"));
  EXPECT_THAT(rest("GET", "nothing?select=a", "", strict).body, HasSubstr("PGRST205"));
  EXPECT_THAT(rest("GET", "todos?select=nothing(*)", "", strict).body, HasSubstr("PGRST200"));
  EXPECT_THAT(rest("GET", "todos?id=eq.x", "", strict).body, HasSubstr("PGRST107"));
  EXPECT_THAT(rest("GET", "todos", "", strict).body, HasSubstr("PGRST107"));
  EXPECT_THAT(rest("GET", "todos", "", {{"Prefer", "handling=strict, x"}}).body,
              HasSubstr("PGRST122"));
}

TEST_F(RestReadTest, AnUnknownProfileIsRefusedWithTheServedOnes) {
  const auto refused = lists({{"Accept-Profile", "secret"}});
  EXPECT_EQ(refused.status, 406);
  EXPECT_THAT(refused.body, HasSubstr("\"Invalid schema: secret\""));
  EXPECT_THAT(refused.body, HasSubstr("Only the following schemas are exposed: public"));
}

TEST_F(RestReadTest, AnswersSayWhatSelectsThem) {
  EXPECT_EQ(header(lists({}), "Vary"), "Accept, Prefer, Range");
}

TEST_F(RestReadTest, ANameThatIsNoUtf8IsAnsweredInUtf8) {
  go_offline();
  const auto answer = rest("GET", "%FF");
  EXPECT_EQ(answer.status, 404);
  EXPECT_THAT(answer.body, HasSubstr("'public.\xEF\xBF\xBD'"));
}

TEST_F(RestReadTest, TheGatewaysStatusIsOnlyRead) {
  EXPECT_EQ(control("GET", "/status").status, 200);
  for (const char* method : {"POST", "TRACE", "DELETE"}) {
    const auto refused = control(method, "/status");
    EXPECT_EQ(refused.status, 405) << method;
    EXPECT_EQ(header(refused, "Allow"), "GET, HEAD");
  }
}

// Some of its columns may be: a read of those alone is answered.
TEST_F(RestReadTest, ATableThatMayNotBeReadAsAWholeIsReadUpstream) {
  const cache::Table& lists = *store_->catalog().find("public", "lists");
  store_->publish(lists, cache::TableStatus::kDenied,
                  cache::Denial{403, R"({"code":"42501","message":"permission denied"})"});
  go_online();
  upstream_.push(200, R"([{"id":7}])",
                 {{"Content-Type", "application/json"}, {"Content-Range", "0-0/*"}});
  EXPECT_EQ(rest("GET", "lists?select=id").body, R"([{"id":7}])");
  // Answers are kept in their own time.
  store_->writer().run(cache::Writer::Priority::kBackground, [](cache::Transaction&) {});
  upstream_.set_offline(true);
  go_offline();
  EXPECT_EQ(rest("GET", "lists?select=title").status, 504) << "it may be one that may be read";
  const auto denied = rest("GET", "lists");
  EXPECT_EQ(denied.status, 403);
  EXPECT_EQ(denied.headers.find("Proxy-Status"), "PostgREST; error=42501");
  EXPECT_EQ(rest("GET", "lists?select=id").body, R"([{"id":7}])") << "as it was given before";
}

}  // namespace
}  // namespace holdfast::routes
