#include "routes/write_through.h"

#include <gmock/gmock.h>

#include <atomic>
#include <nlohmann/json.hpp>
#include <tuple>

#include "queue/outbox.h"
#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

constexpr const char* kTodo = R"({"id":1,"list_id":null,"title":"a","done":false,"price":null,)"
                              R"("updated_at":"2026-11-21T00:00:00+00:00"})";

// Hard case 15. `todos` has row-level security here, `notes` a default that only the upstream can
// compute, `lists` nothing of the kind, `tags` a trigger.
class WriteThroughTest : public RoutesTest {
 protected:
  WriteThroughTest() {
    auto tables = cache::sample::tables();
    for (cache::Table& table : tables) {
      table.privileges["anon"] = {"select", "insert", "update", "delete"};
      if (table.name == "todos") table.row_security = true;
      if (table.name == "tags") table.triggers.push_back({"stamp", true, true, true});
      if (table.name == "reviews") table.checks.push_back({"some", "(list_id > 0)"});
    }
    stores_.set_catalog(std::make_shared<const cache::Catalog>(
        std::move(tables), std::vector<cache::Function>{}, std::vector<std::string>{"public"}));
    store_ = stores_.open(http::Principal::anonymous());
    go_online();
  }

  void upstream_says(int status, std::string body) {
    upstream_.push(status, std::move(body), {{"Content-Type", "application/json"}});
  }
  std::string count(const std::string& state) {
    const auto found = queue::state_named(state);
    auto reader = store_->reader();
    return std::to_string(queue::Outbox(store_->overlay()).list(*reader, found, {}).size());
  }
  // Answers by hand what waits, as the deadline would.
  http::Response ask_and_run_out(http::Request request) {
    std::promise<http::Response> answer;
    auto future = answer.get_future();
    router_.handle(std::move(request), [&](http::Response r) { answer.set_value(std::move(r)); });
    while (future.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready) {
      clock_.advance(std::chrono::seconds(1));
      synchronizer_.awaited().expire();
    }
    return future.get();
  }
};

TEST_F(WriteThroughTest, TheUpstreamsAnswerIsWhatTheAppSees) {
  upstream_says(201, std::string("[") + kTodo + "]");
  const auto answer =
      rest("POST", "todos", R"({"id":1,"title":"a"})", {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(answer.body, std::string("[") + kTodo + "]");
  EXPECT_THAT(header(answer, "Cache-Status"), StartsWith("holdfast; fwd=miss"));
  EXPECT_EQ(header(answer, "Holdfast-Outbox-Id"), "(none)");
  EXPECT_EQ(count("acknowledged"), "1");
  EXPECT_THAT(rest("GET", "todos").body, HasSubstr("2026-11-21T00:00:00"));
}

TEST_F(WriteThroughTest, ARefusalIsToldInTheUpstreamsWordsAndLeavesNoDeadLetter) {
  const std::string words =
      R"({"code":"P0001","details":null,"hint":"order less","message":"out of stock"})";
  upstream_says(400, words);
  const auto answer = rest("POST", "todos", R"({"id":1,"title":"a"})");
  EXPECT_EQ(answer.status, 400);
  EXPECT_EQ(answer.body, words);
  EXPECT_EQ(count("dead"), "0");
  EXPECT_EQ(rest("GET", "todos").body, "[]");
  auto reader = store_->reader();
  EXPECT_TRUE(queue::Outbox(store_->overlay()).empty(*reader));
}

TEST_F(WriteThroughTest, TheEntryIsDurableBeforeTheUpstreamHearsOfIt) {
  std::string seen;
  upstream_.respond_with([&](const upstream::Call&) -> upstream::Outcome {
    cache::Database other((dir_.path() / "principals/anon.db").string(),
                          cache::OpenMode::kReadOnly);
    cache::Statement statement(other, "SELECT state FROM hf_outbox");
    if (statement.step()) seen = statement.text(0);
    return upstream::Answer{403, {}, R"({"code":"42501","message":"no"})", {}, {}};
  });
  rest("POST", "todos", R"({"id":1,"title":"a"})");
  EXPECT_EQ(seen, "sending");
}

TEST_F(WriteThroughTest, AMinimalAnswerStaysMinimalThoughTheRowsAreAskedFor) {
  upstream_.push(200, std::string("[") + kTodo + "]",
                 {{"Content-Type", "application/json"},
                  {"Content-Range", "0-0/*"},
                  {"Preference-Applied", "return=representation"}});
  put("todos", kTodo);
  const auto answer =
      rest("PATCH", "todos?title=eq.a", R"({"title":"z"})", {{"Prefer", "return=minimal"}});
  EXPECT_EQ(answer.status, 204);
  EXPECT_THAT(answer.body, IsEmpty());
  EXPECT_EQ(header(answer, "Content-Type"), "(none)");
  EXPECT_EQ(header(answer, "Content-Range"), "0-0/*");
  EXPECT_EQ(header(answer, "Preference-Applied"), "return=minimal");
  // The app's own filter, not the rows that were found here (hard case 6).
  EXPECT_THAT(upstream_.calls().at(0).target, StartsWith("/rest/v1/todos?title=eq.a&select=id%2C"));
  // What the upstream made of it, not what was asked.
  EXPECT_THAT(rest("GET", "todos?select=title").body, HasSubstr("\"a\""));
}

TEST_F(WriteThroughTest, AMinimalAnswerToAPutIsThatOfNoRowsAlsoWhereItMakesOne) {
  upstream_says(201, std::string("[") + kTodo + "]");
  const auto response = rest("PUT", "todos?id=eq.1", kTodo);
  EXPECT_EQ(response.status, 204);
  EXPECT_THAT(response.body, IsEmpty());
}

TEST_F(WriteThroughTest, WhoMayNotReadIsAnsweredAsIfNoRowsHadBeenAskedFor) {
  upstream_says(401, R"({"code":"42501","message":"permission denied for table todos"})");
  upstream_.push(201);
  upstream_says(200, "[]");  // the row by key
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"a"})").status, 201);
  EXPECT_EQ(upstream_.calls().at(1).headers.find("Prefer"), std::nullopt);
  EXPECT_EQ(count("acknowledged"), "1");
}

TEST_F(WriteThroughTest, ALateAnswerIsReplacedByAQueuedOne) {
  std::promise<void> release;
  auto released = release.get_future().share();
  upstream_.respond_with([&, released](const upstream::Call&) -> upstream::Outcome {
    released.wait();
    return upstream::Answer{400, {}, R"({"code":"23514","message":"late"})", {}, {}};
  });
  const auto answer = ask_and_run_out({"POST",
                                       "/rest/v1/todos",
                                       {{"apikey", kKey}, {"Content-Type", "application/json"}},
                                       R"({"id":1,"title":"a"})"});
  EXPECT_EQ(answer.status, 201);
  EXPECT_NE(header(answer, "Holdfast-Outbox-Id"), "(none)");
  release.set_value();
  // Answered as taken, so its refusal is a dead letter.
  while (count("dead") != "1") std::this_thread::yield();
}

TEST_F(WriteThroughTest, ALostAnswerIsQueuedAndMadeOnceOnly) {
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  const auto answer = rest("POST", "todos", R"({"id":1,"title":"a"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_NE(header(answer, "Holdfast-Outbox-Id"), "(none)");
  EXPECT_EQ(count("waiting"), "1");
}

TEST_F(WriteThroughTest, WhatIsAnsweredAloneAlikeIsQueuedAtOnce) {
  const auto answer = rest("POST", "lists", R"({"id":1,"title":"a"})");
  EXPECT_EQ(answer.status, 201);
  EXPECT_EQ(header(answer, "Cache-Status"), "holdfast; detail=queued");
  EXPECT_THAT(upstream_.calls(), IsEmpty());
}

TEST_F(WriteThroughTest, ChecksTriggersDefaultsAndRowsAskedBackAreWorthTheWait) {
  for (const auto& [table, body, prefer] :
       {std::tuple("reviews", R"({"id":1})", ""), std::tuple("notes", R"({"body":"n"})", ""),
        std::tuple("tags", R"({"todo_id":1,"name":"t"})", ""),
        std::tuple("lists", R"({"id":1,"title":"a"})", "return=representation")}) {
    upstream_.clear_calls();
    upstream_says(409, R"({"code":"23505","message":"told"})");
    http::Headers headers;
    if (*prefer != '\0') headers.add("Prefer", prefer);
    EXPECT_EQ(rest("POST", table, body, headers).status, 409) << table;
    EXPECT_EQ(upstream_.calls().size(), 1U) << table;
  }
}

TEST_F(WriteThroughTest, RespondAsyncAsksForTheQueuedAnswerAndWaitForTheOther) {
  const auto queued =
      rest("POST", "todos", R"({"id":1,"title":"a"})", {{"Prefer", "respond-async"}});
  EXPECT_EQ(queued.status, 201);
  EXPECT_EQ(header(queued, "Preference-Applied"), "respond-async");
  EXPECT_THAT(upstream_.calls(), IsEmpty());
  dispatcher_.drain(*store_);
  store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
    transaction.database().execute("DELETE FROM hf_outbox");
  });
  upstream_.clear_calls();
  upstream_says(409, R"({"code":"23505","message":"told"})");
  EXPECT_EQ(
      rest("POST", "lists", R"({"id":1,"title":"a"})", {{"Prefer", "handling=strict, wait=5"}})
          .status,
      409);
  EXPECT_EQ(upstream_.calls().at(0).headers.find("Prefer"),
            "handling=strict, return=representation");
}

// Promise 4: the row is here with the id that the app was told.
TEST_F(WriteThroughTest, ARowOfWhichAPartIsGivenBackIsKnownWhole) {
  upstream_says(200, "[]");  // no key yet
  upstream_says(201, R"([{"id":7,"name":"n"}])");
  const auto answer =
      rest("POST", "counters?select=id", R"({"name":"n"})", {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.body, R"([{"id":7}])");
  go_offline();
  EXPECT_EQ(rest("GET", "counters").body, R"([{"id":7,"name":"n"}])");
}

TEST_F(WriteThroughTest, AColumnThatMayNotBeReadDoesNotHinderTheOthers) {
  upstream_says(403, R"({"code":"42501","message":"permission denied for table todos"})");
  upstream_says(201, R"([{"id":1}])");
  const auto answer = rest("POST", "todos?select=id", R"({"id":1,"title":"a"})",
                           {{"Prefer", "return=representation"}});
  EXPECT_EQ(answer.status, 201) << answer.body;
  EXPECT_EQ(answer.body, R"([{"id":1}])");
  EXPECT_EQ(upstream_.calls().at(1).target, "/rest/v1/todos?select=id");
}

TEST_F(WriteThroughTest, BehindAnEntryThatCannotBeSentItIsQueued) {
  go_offline();
  rest("POST", "todos", R"({"id":1,"title":"a"})");
  go_online();
  upstream_.push(503, R"({"code":"PGRST002","message":"busy"})",
                 {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  const auto answer = rest("POST", "todos", R"({"id":2,"title":"b"})");
  EXPECT_EQ(header(answer, "Cache-Status"), "holdfast; detail=queued");
  EXPECT_EQ(upstream_.calls().size(), 1U);
}

TEST_F(WriteThroughTest, WithoutATokenNobodyWaits) {
  credentials_.missing = true;
  const auto answer = rest("POST", "todos", R"({"id":1,"title":"a"})");
  EXPECT_EQ(header(answer, "Cache-Status"), "holdfast; detail=queued");
  EXPECT_EQ(count("held"), "1");
}

TEST_F(WriteThroughTest, AnUpdateThatMatchesNothingUpstreamIsAnsweredSo) {
  put("todos", kTodo);
  upstream_says(200, "[]");
  upstream_says(200, "[]");  // the row by key: gone
  const auto answer = rest("PATCH", "todos?id=eq.1", R"({"title":"z"})");
  EXPECT_EQ(answer.status, 204);
  EXPECT_EQ(rest("GET", "todos").body, "[]");
}

TEST_F(WriteThroughTest, AfterATriggerReadsAreForwardedUntilAPull) {
  upstream_says(201, R"([{"todo_id":1,"name":"t","weight":null}])");
  EXPECT_EQ(rest("POST", "tags", R"({"todo_id":1,"name":"t"})").status, 201);
  EXPECT_TRUE(store_->behind_forwarded_write());
}

TEST_F(WriteThroughTest, TheAppsIdempotencyKeyReplaysTheUpstreamsAnswerAndForgetsARefusal) {
  const http::Headers key = {{"Idempotency-Key", "app-1"}};
  upstream_says(403, R"({"code":"42501","message":"no"})");
  upstream_says(403, R"({"code":"42501","message":"no"})");
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"a"})", key).status, 403);
  upstream_says(201, std::string("[") + kTodo + "]");
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"a"})", key).status, 201);
  const auto calls = upstream_.calls().size();
  const auto again = rest("POST", "todos", R"({"id":1,"title":"a"})", key);
  EXPECT_EQ(again.status, 201);
  EXPECT_EQ(header(again, "Holdfast-Outbox-Id"), "(none)");
  EXPECT_EQ(upstream_.calls().size(), calls);
}

// A forwarded answer would be without them, and the read after it with them again.
TEST_F(WriteThroughTest, OwnWritesThatDoNotGetThroughInTimeAreReadHere) {
  upstream_.respond_with([](const upstream::Call&) {
    return upstream::Answer{200, {{"Content-Type", "application/json"}}, "[]", {}, {}};
  });
  store_->note_forwarded_write();
  ASSERT_EQ(rest("POST", "lists", R"({"id":1,"title":"mine"})").status, 201);
  ASSERT_EQ(count("queued"), "1");
  const auto mine = ask_and_run_out({"GET", "/rest/v1/lists?select=title", {{"apikey", kKey}}, ""});
  EXPECT_EQ(mine.body, R"([{"title":"mine"}])");
  // What no own write changes is still the upstream's to say (hard case 16).
  const auto other = ask_and_run_out({"GET", "/rest/v1/reviews", {{"apikey", kKey}}, ""});
  EXPECT_THAT(header(other, "Cache-Status"), HasSubstr("fwd=stale"));
}

// Hard case 10: while the first is on its way nobody knows what its answer will be.
TEST_F(WriteThroughTest, ARepetitionOfAWriteThatIsOnItsWayHearsWhatTheFirstOneHears) {
  for (const auto& [status, body, calls] :
       {std::tuple{400, std::string(R"({"code":"P0001","message":"out of stock"})"), 2U},
        std::tuple{201, std::string("[") + kTodo + "]", 1U}}) {
    upstream_.clear_calls();
    const http::Request request{"POST",
                                "/rest/v1/todos",
                                {{"apikey", kKey},
                                 {"Content-Type", "application/json"},
                                 {"Idempotency-Key", "app-" + std::to_string(status)}},
                                R"({"id":1,"title":"a"})"};
    std::promise<http::Response> second;
    std::atomic<bool> asked_again{false};
    upstream_.respond_with([&, status = status, body = body](const upstream::Call&) {
      if (!asked_again.exchange(true)) {
        router_.handle(request, [&](http::Response r) { second.set_value(std::move(r)); });
        // It is in the writer's hands now, and behind this in it once more.
        store_->writer().run(cache::Writer::Priority::kClient, [](cache::Transaction&) {});
      }
      return upstream::Answer{status, {{"Content-Type", "application/json"}}, body, {}, {}};
    });
    EXPECT_EQ(ask(request).status, status);
    EXPECT_EQ(second.get_future().get().status, status);
    EXPECT_EQ(upstream_.calls().size(), calls) << "a refusal is asked for again, an effect is not";
    EXPECT_EQ(count("dead"), "0");
  }
}

TEST_F(WriteThroughTest, AnIdempotencyKeyStandsForOneRequest) {
  go_offline();
  const http::Headers key = {{"Idempotency-Key", "app-1"}};
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"a"})", key).status, 201);
  const auto other = rest("POST", "todos", R"({"id":1,"title":"b"})", key);
  EXPECT_EQ(other.status, 422);
  EXPECT_THAT(other.body, HasSubstr("HF422"));
  EXPECT_EQ(rest("PATCH", "todos?id=eq.1", R"({"title":"a"})", key).status, 422);
  EXPECT_EQ(rest("POST", "todos?apikey=x", R"({"id":1,"title":"a"})", key).status, 201);
  EXPECT_EQ(count("queued"), "1");
}

}  // namespace
}  // namespace holdfast::routes
