#include "routes/panel.h"

#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "gateway/http/stream.h"
#include "queue/journal.h"
#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;

class PanelTest : public RoutesTest {
 protected:
  PanelTest() { journal_.attach(*store_); }

  http::Response get(const std::string& target, http::Headers headers = {}) {
    return ask({"GET", target, std::move(headers), ""});
  }
  http::Response post(const std::string& target, const std::string& body,
                      http::Headers headers = {}) {
    return ask({"POST", target, std::move(headers), body});
  }
  std::string new_code() {
    const std::string url = json::parse(control("POST", "/dashboard/link").body).at("url");
    return url.substr(url.find("#code=") + 6);
  }
  http::Response redeem(const std::string& code, http::Headers headers = {}) {
    return post("/dashboard/session", json{{"code", code}}.dump(), std::move(headers));
  }
  void queue_a_write() {
    go_offline();
    const std::string id = std::to_string(++writes_);
    const std::string row = R"({"list_id":1,"title":"Buy stamps","id":)" + id + "}";
    ASSERT_EQ(rest("POST", "todos", row).status, 201);
  }
  std::string metrics() { return get("/metrics").body; }

  queue::Journal journal_{std::string(32, 'j'), clock_};
  int writes_ = 0;
};

TEST_F(PanelTest, ALinkIsGoodOnce) {
  const std::string code = new_code();
  const auto session = redeem(code);
  EXPECT_EQ(session.status, 200);
  EXPECT_EQ(json::parse(session.body).at("token"), kControlToken);
  EXPECT_EQ(header(session, "Cache-Control"), "no-store");
  EXPECT_EQ(redeem(code).status, 401);
}

TEST_F(PanelTest, TheLinkToTheUpstreamIsCutAndOpenedByHoldersOfTheToken) {
  EXPECT_EQ(post("/sync/offline", "").status, 401);
  EXPECT_FALSE(connectivity_.offline_by_choice());
  const json cut = json::parse(control("POST", "/sync/offline").body);
  EXPECT_EQ(cut.at("state"), "offline");
  EXPECT_EQ(cut.at("offline_by_choice"), true);
  EXPECT_NE(metrics().find("\nholdfast_offline_by_choice 1\n"), std::string::npos);
  const json open = json::parse(control("POST", "/sync/online").body);
  EXPECT_EQ(open.at("offline_by_choice"), false);
  EXPECT_NE(metrics().find("\nholdfast_offline_by_choice 0\n"), std::string::npos);
}

TEST_F(PanelTest, ALinkIsGoodForFiveMinutes) {
  const std::string in_time = new_code();
  const std::string late = new_code();
  clock_.advance(std::chrono::seconds(299));
  EXPECT_EQ(redeem(in_time).status, 200);
  clock_.advance(std::chrono::seconds(2));
  EXPECT_EQ(redeem(late).status, 401);
}

TEST_F(PanelTest, OnlyHoldersOfTheTokenMakeLinks) {
  EXPECT_EQ(post("/dashboard/link", "").status, 401);
  const auto refused = ask({"POST",
                            "/dashboard/link",
                            {{"Authorization", std::string("Bearer ") + kControlToken},
                             {"Host", "127.0.0.1:54321"},
                             {"Origin", "http://localhost:3000"}},
                            ""});
  EXPECT_EQ(refused.status, 403);
}

TEST_F(PanelTest, ACodeIsForPagesOfTheGatewayAlone) {
  const http::Headers elsewhere[] = {
      {{"Host", "localhost:54321"}, {"Origin", "http://localhost:3000"}},
      {{"Host", "localhost:54321"}, {"Origin", "null"}},
      {{"Host", "localhost:54321"}, {"Sec-Fetch-Site", "cross-site"}},
      {{"Host", "localhost:54321"}, {"Sec-Fetch-Site", "same-site"}},
  };
  for (const auto& headers : elsewhere) EXPECT_EQ(redeem(new_code(), headers).status, 403);
  http::Request far{"POST", "/dashboard/session", {}, json{{"code", new_code()}}.dump()};
  far.from_loopback = false;
  EXPECT_EQ(ask(far).status, 403);
  EXPECT_EQ(redeem(new_code(), {{"Host", "localhost:54321"},
                                {"Origin", "http://localhost:54321"},
                                {"Sec-Fetch-Site", "same-origin"}})
                .status,
            200);
}

TEST_F(PanelTest, NonsenseIsNoCode) {
  for (const char* body : {"", "{}", "[]", R"({"code":7})", R"({"code":""})", "{\"code\":\"x\"}"}) {
    EXPECT_EQ(post("/dashboard/session", body).status, 401) << body;
  }
}

TEST_F(PanelTest, ThePageHasValidatorsAndAStrictPolicy) {
  const auto page = get("/");
  EXPECT_EQ(page.status, 200);
  EXPECT_TRUE(header(page, "Content-Type").starts_with("text/html"));
  const std::string policy = header(page, "Content-Security-Policy");
  EXPECT_TRUE(policy.starts_with("default-src 'none'")) << policy;
  EXPECT_EQ(policy.find("unsafe"), policy.npos);
  EXPECT_EQ(page.body.find("<script>"), page.body.npos);
  const auto again = get("/", {{"If-None-Match", header(page, "ETag")}});
  EXPECT_EQ(again.status, 304);
  EXPECT_EQ(again.body, "");
}

TEST_F(PanelTest, EveryFileThatThePageNamesIsThere) {
  for (const auto& file : dashboard_files()) {
    const auto answer = get("/dashboard/" + std::string(file.name));
    EXPECT_EQ(answer.status, 200) << file.name;
    EXPECT_EQ(answer.body, file.content) << file.name;
    EXPECT_EQ(header(answer, "X-Content-Type-Options"), "nosniff");
  }
  EXPECT_EQ(get("/dashboard/none.js").status, 404);
  EXPECT_EQ(get("/dashboard/../control.cpp").status, 404);
}

TEST_F(PanelTest, ABrowserGetsAPageAtStatusAndAProgramJson) {
  const auto page = get("/status", {{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}});
  EXPECT_TRUE(header(page, "Content-Type").starts_with("text/html"));
  for (const char* accepted : {"*/*", "application/json"}) {
    EXPECT_TRUE(json::accept(get("/status", {{"Accept", accepted}}).body)) << accepted;
  }
}

TEST_F(PanelTest, StatusWithoutATokenSaysCountsAndStatesOnly) {
  queue_a_write();
  const auto open = json::parse(get("/status").body);
  EXPECT_FALSE(open.contains("principals"));
  EXPECT_TRUE(open.at("sync").at("last_error").is_null());
  EXPECT_EQ(open.dump().find("Buy stamps"), std::string::npos);
  EXPECT_TRUE(json::parse(control("GET", "/status").body).contains("principals"));
}

TEST_F(PanelTest, WhatIsForHoldersOfTheTokenIsRefusedToOthers) {
  for (const char* target : {"/events", "/journal", "/metrics/history", "/outbox", "/conflicts"}) {
    EXPECT_EQ(get(target).status, 401) << target;
    EXPECT_EQ(get(target, {{"Authorization", "Bearer wrong"}}).status, 401) << target;
    const auto other_page = get(target, {{"Authorization", std::string("Bearer ") + kControlToken},
                                         {"Host", "localhost:54321"},
                                         {"Origin", "http://localhost:3000"}});
    EXPECT_EQ(other_page.status, 403) << target;
  }
}

TEST_F(PanelTest, WhoOnlyAsksForHeadersIsNoListener) {
  const std::string token = std::string("Bearer ") + kControlToken;
  EXPECT_EQ(ask({"HEAD", "/events", {{"Authorization", token}}, ""}).status, 405);
}

TEST_F(PanelTest, MetricsCountTheQueueByState) {
  queue_a_write();
  const std::string text = metrics();
  EXPECT_NE(text.find("\nholdfast_queue_depth 1\n"), text.npos) << text;
  EXPECT_NE(text.find("\nholdfast_queue_entries{state=\"queued\"} 1\n"), text.npos) << text;
  EXPECT_NE(text.find("\nholdfast_writes_total 1\n"), text.npos) << text;
  EXPECT_NE(text.find("\nholdfast_online 0\n"), text.npos) << text;
  EXPECT_NE(text.find("\nholdfast_http_requests_total{surface=\"rest\",status=\"2xx\"} 1\n"),
            text.npos)
      << text;
  EXPECT_EQ(text.find("Buy stamps"), text.npos);
}

TEST_F(PanelTest, EveryMetricIsDescribedOnceBeforeItsSamples) {
  std::set<std::string> described;
  std::istringstream lines(metrics());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("# TYPE ")) {
      const std::string name = line.substr(7, line.find(' ', 7) - 7);
      EXPECT_TRUE(described.insert(name).second) << name;
      EXPECT_TRUE(name.starts_with("holdfast_")) << name;
      const bool counts = line.ends_with(" counter");
      EXPECT_EQ(counts, name.ends_with("_total")) << name;
      continue;
    }
    if (line.starts_with('#')) continue;
    std::string name = line.substr(0, line.find_first_of("{ "));
    for (const char* suffix : {"_bucket", "_sum", "_count"}) {
      if (!described.contains(name) && name.ends_with(suffix)) {
        name.resize(name.size() - std::string_view(suffix).size());
      }
    }
    EXPECT_TRUE(described.contains(name)) << line;
  }
}

TEST_F(PanelTest, SamplesAreKeptForAWeekAndPutTogether) {
  queue_a_write();
  panel_.sample();
  for (int minute = 0; minute < 5; ++minute) {
    clock_.advance(std::chrono::minutes(1));
    panel_.sample();
  }
  const auto hour = json::parse(control("GET", "/metrics/history?hours=1").body);
  EXPECT_EQ(hour.at("samples").size(), 6U);
  EXPECT_EQ(hour.at("samples").at(0).at("writes"), 1);
  EXPECT_EQ(hour.at("samples").at(1).at("writes"), 0);
  EXPECT_EQ(hour.at("samples").at(5).at("depth"), 1);
  const auto week = json::parse(control("GET", "/metrics/history?hours=168").body);
  EXPECT_LE(week.at("samples").size(), 2U);
  EXPECT_EQ(week.at("samples").at(0).at("depth"), 1);
  clock_.advance(std::chrono::hours(24 * 7 + 1));
  panel_.sample();
  EXPECT_EQ(history_.since(Timestamp()).size(), 1U);
}

TEST_F(PanelTest, TheJournalIsListedNewestFirstAndByPages) {
  for (int i = 0; i < 5; ++i) queue_a_write();
  const auto first = json::parse(control("GET", "/journal?limit=3").body);
  ASSERT_EQ(first.at("records").size(), 3U);
  EXPECT_EQ(first.at("records").at(0).at("number"), 5);
  EXPECT_EQ(first.at("records").at(0).at("event"), "created");
  const std::string next = std::to_string(first.at("next").get<int>());
  const auto second = json::parse(control("GET", "/journal?limit=3&before=" + next).body);
  EXPECT_EQ(second.at("records").size(), 2U);
  EXPECT_TRUE(second.at("next").is_null());
  const std::string subject = first.at("records").at(1).at("subject");
  EXPECT_EQ(json::parse(control("GET", "/journal?subject=" + subject).body).at("records").size(),
            1U);
  EXPECT_EQ(control("GET", "/journal?limit=-1").status, 400);
  EXPECT_TRUE(json::parse(control("GET", "/journal?principal=none").body).at("records").empty());
}

TEST_F(PanelTest, ListsAreAsShortAsIsAsked) {
  for (int i = 0; i < 5; ++i) queue_a_write();
  EXPECT_EQ(json::parse(control("GET", "/outbox?limit=2").body).size(), 2U);
  EXPECT_EQ(json::parse(control("GET", "/outbox").body).size(), 5U);
  EXPECT_EQ(json::parse(control("GET", "/conflicts?limit=2").body).size(), 0U);
}

class EventsTest : public PanelTest {
 protected:
  EventsTest() { options_.listeners = 2; }

  Events& events() {
    if (!events_) events_ = std::make_unique<Events>(context_, status_identity_, options_);
    return *events_;
  }

  EventOptions options_;
  std::unique_ptr<Events> events_;
};

TEST_F(EventsTest, ANewListenerHearsTheStateAtOnce) {
  const auto answer = events().open();
  EXPECT_EQ(header(answer, "Content-Type"), "text/event-stream; charset=utf-8");
  EXPECT_NE(answer.body.find("event: status\ndata: {"), std::string::npos);
  EXPECT_NE(answer.body.find("event: tables\ndata: {\""), std::string::npos);
  ASSERT_TRUE(answer.stream);
}

TEST_F(EventsTest, AWriteIsToldWithItsStateButWithoutItsContent) {
  const auto answer = events().open();
  events().look();
  answer.stream->take();
  queue_a_write();
  events().look();
  const std::string told = answer.stream->take().value();
  EXPECT_NE(told.find("event: entry\n"), told.npos) << told;
  EXPECT_NE(told.find(R"("state":"queued")"), told.npos) << told;
  EXPECT_NE(told.find("event: status\n"), told.npos) << told;
  EXPECT_EQ(told.find("Buy stamps"), told.npos) << told;
  events().look();
  EXPECT_EQ(answer.stream->take(), "");
}

TEST_F(EventsTest, APullThatBringsNothingIsToldAllTheSame) {
  const auto answer = events().open();
  events().look();
  clock_.advance(std::chrono::seconds(20));
  events().look();
  answer.stream->take();
  clock_.advance(std::chrono::seconds(20));
  events().look();
  EXPECT_EQ(answer.stream->take().value().find("event: tables"), std::string::npos)
      << "only time has passed";
  store_->note_pulled(*store_->replicated().front(), clock_.now());
  clock_.advance(std::chrono::seconds(4));
  events().look();
  EXPECT_NE(answer.stream->take().value().find("event: tables"), std::string::npos);
}

TEST_F(EventsTest, ABurstIsOneEvent) {
  options_.burst = 2;
  const auto answer = events().open();
  events().look();
  for (int i = 0; i < 3; ++i) queue_a_write();
  answer.stream->take();
  events().look();
  const std::string told = answer.stream->take().value();
  EXPECT_NE(told.find("event: changes\ndata: {\"count\":3}"), told.npos) << told;
  EXPECT_EQ(told.find("event: entry"), told.npos) << told;
}

TEST_F(EventsTest, ListenersAreBoundedAndALeaverMakesRoom) {
  const auto first = events().open();
  const auto second = events().open();
  EXPECT_EQ(events().open().status, 503);
  first.stream->detach();
  EXPECT_EQ(events().open().status, 200);
}

TEST_F(EventsTest, ASlowListenerIsDroppedAndOthersHearOn) {
  options_.waiting_bytes = 4'000;
  const auto slow = events().open();
  const auto good = events().open();
  for (int i = 0; i < 40; ++i) {
    queue_a_write();
    events().look();
    good.stream->take();
  }
  EXPECT_TRUE(slow.stream->ended());
  EXPECT_FALSE(good.stream->ended());
}

TEST_F(EventsTest, AQuietStreamIsKeptAlive) {
  const auto answer = events().open();
  events().look();
  answer.stream->take();
  events().look();
  EXPECT_EQ(answer.stream->take(), "");
  clock_.advance(std::chrono::seconds(16));
  events().look();
  EXPECT_NE(answer.stream->take().value().find(":\n\n"), std::string::npos);
}

TEST_F(EventsTest, StoppingEndsAllStreams) {
  const auto answer = events().open();
  events().start();
  events().stop();
  EXPECT_TRUE(answer.stream->ended());
  EXPECT_EQ(events().open().status, 503);
}

}  // namespace
}  // namespace holdfast::routes
