#include "routes/opaque_write.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// Hard case 12: [rpc] queue.
class OpaqueWriteTest : public RoutesTest {
 protected:
  OpaqueWriteTest() { options_.queued_functions = {"transfer"}; }

  http::Response call(const std::string& name, const std::string& body,
                      http::Headers headers = {}) {
    return rest("POST", "rpc/" + name, body, std::move(headers));
  }
  json entry_of(const http::Response& response) {
    return json::parse(control("GET", "/outbox/" + header(response, "Holdfast-Outbox-Id")).body);
  }
  http::Response as_service(const std::string& method, const std::string& target,
                            const std::string& body, http::Headers headers = {}) {
    headers.add("apikey", "sb_secret_test");
    headers.add("Content-Type", "application/json");
    return ask({method, "/rest/v1/" + target, std::move(headers), body});
  }
  void drain_service() {
    for (const auto& store : stores_.all()) {
      if (store->principal().id == "service") dispatcher_.drain(*store);
    }
  }
};

TEST_F(OpaqueWriteTest, AListedCallIsQueuedOfflineAndRunOnce) {
  go_offline();
  const auto answer = call("transfer", R"({"amount":12.50})");
  EXPECT_EQ(answer.status, 204);
  EXPECT_THAT(upstream_.calls(), IsEmpty());
  EXPECT_EQ(entry_of(answer).at("operation"), "call");
  upstream_.push(200, "7", {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  ASSERT_EQ(upstream_.calls().size(), 1U);
  const auto sent = upstream_.calls().at(0);
  EXPECT_EQ(sent.target, "/rest/v1/rpc/transfer");
  EXPECT_EQ(sent.body, R"({"amount":12.50})");
  EXPECT_TRUE(sent.fresh_connection);
  EXPECT_EQ(entry_of(answer).at("state"), "acknowledged");
  EXPECT_EQ(entry_of(answer).at("result"), 7);
  EXPECT_TRUE(store_->behind_forwarded_write());
}

// What an app has sent is told as it can be: one such entry hides no others.
TEST_F(OpaqueWriteTest, AnEntryOfOddTextsIsListedWithTheOthers) {
  go_offline();
  const auto odd = rest("POST", "rpc/transfer?note=\xff", "{\"amount\":1}");
  ASSERT_EQ(odd.status, 204);
  const std::string deep = std::string(400'000, '[') + std::string(400'000, ']');
  const auto nested = call("transfer", "{\"amount\":" + deep + "}");
  ASSERT_EQ(nested.status, 204);
  const json list = json::parse(control("GET", "/outbox").body);
  ASSERT_EQ(list.size(), 2U);
  EXPECT_THAT(list.at(0).at("target").get<std::string>(), HasSubstr("note=\xEF\xBF\xBD"));
  EXPECT_EQ(entry_of(nested).at("body"), nullptr);
  EXPECT_THAT(entry_of(nested).at("body_text").get<std::string>(), HasSubstr("[[[["));
}

TEST_F(OpaqueWriteTest, ACallThatIsNotListedIs504OfflineAndQueuesNothing) {
  go_offline();
  upstream_.set_offline(true);
  EXPECT_EQ(call("other", "{}").status, 504);
  EXPECT_EQ(depth(), 0);
}

// Nobody else rolls back what has met too many rows.
TEST_F(OpaqueWriteTest, ACallThatBoundsItsRowsIsNotQueued) {
  go_offline();
  upstream_.set_offline(true);
  EXPECT_EQ(call("transfer", "{}", {{"Prefer", "handling=strict, max-affected=1"}}).status, 504);
  const http::Headers one = {{"Accept", "application/vnd.pgrst.object+json"}};
  EXPECT_EQ(call("transfer", "{}", one).status, 204);
  EXPECT_EQ(depth(), 1);
  cache::Function transfer;
  transfer.schema = "public";
  transfer.name = "transfer";
  transfer.returns_set = true;
  use(std::make_shared<const cache::Catalog>(cache::sample::tables(), std::vector{transfer},
                                             std::vector<std::string>{"public"}));
  EXPECT_EQ(call("transfer", "{}", one).status, 504);
  EXPECT_EQ(depth(), 1);
}

TEST_F(OpaqueWriteTest, OnlineTheUpstreamsOwnAnswerIsGivenAndTheEntryIsDurableFirst) {
  go_online();
  std::string seen;
  upstream_.respond_with([&](const upstream::Call&) -> upstream::Outcome {
    cache::Database other((dir_.path() / "principals/anon.db").string(),
                          cache::OpenMode::kReadOnly);
    cache::Statement statement(other, "SELECT state FROM hf_outbox");
    if (statement.step()) seen = statement.text(0);
    return upstream::Answer{200, {{"Content-Type", "application/json"}}, "[1,2]", {}, {}};
  });
  const auto answer = call("transfer", "{}");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "[1,2]");
  EXPECT_EQ(seen, "sending");
  EXPECT_EQ(unfinished(), 0);
}

TEST_F(OpaqueWriteTest, ACallWhoseAnswerIsLostIsForAPersonWithoutTheCompanion) {
  go_offline();
  const auto answer = call("transfer", "{}");
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  dispatcher_.drain(*store_);
  clock_.advance(std::chrono::hours(24));
  dispatcher_.drain(*store_, true);
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(entry_of(answer).at("state"), "uncertain");
  EXPECT_EQ(entry_of(answer).at("next_attempt_at"), nullptr);
}

TEST_F(OpaqueWriteTest, ACallThatACrashKeptBackIsSentAfterwards) {
  go_offline();
  const auto answer = call("transfer", "{}");
  store_->writer().run(cache::Writer::Priority::kClient, [](cache::Transaction& transaction) {
    transaction.database().execute("UPDATE hf_outbox SET state='sending'");
  });
  dispatcher_.recover(*store_);
  upstream_.push(204);
  dispatcher_.drain(*store_);
  EXPECT_EQ(entry_of(answer).at("state"), "acknowledged");
}

TEST_F(OpaqueWriteTest, ACallGoesAfterTheWritesBeforeIt) {
  go_offline();
  rest("POST", "todos", R"({"id":1,"title":"a"})");
  const auto answer = call("transfer", "{}");
  upstream_.push(503, R"({"code":"PGRST002","message":"busy"})",
                 {{"Content-Type", "application/json"}});
  dispatcher_.drain(*store_);
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(entry_of(answer).at("state"), "blocked");
}

TEST_F(OpaqueWriteTest, TheAppsIdempotencyKeyQueuesACallOnce) {
  go_offline();
  const auto first = call("transfer", "{}", {{"Idempotency-Key", "k1"}});
  const auto second = call("transfer", "{}", {{"Idempotency-Key", "k1"}});
  EXPECT_EQ(header(first, "Holdfast-Outbox-Id"), header(second, "Holdfast-Outbox-Id"));
  EXPECT_EQ(depth(), 1);
}

// A forwarded one carries no key and is never repeated.
TEST_F(OpaqueWriteTest, AForwardedCallCarriesNoKeyAndIsNeverRepeated) {
  go_online();
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  EXPECT_EQ(call("other", "{}").status, 504);
  ASSERT_EQ(upstream_.calls().size(), 1U);
  EXPECT_FALSE(upstream_.calls().at(0).headers.contains("Idempotency-Key"));
  EXPECT_EQ(depth(), 0);
}

// Hard case 3: the service role is forwarded and queued, and not replicated.
TEST_F(OpaqueWriteTest, TheServiceRolesWritesAreQueuedOffline) {
  go_offline();
  const auto answer =
      as_service("PATCH", "todos?id=eq.5", R"({"title":"z"})", {{"Prefer", "return=minimal"}});
  EXPECT_EQ(answer.status, 204) << answer.body;
  EXPECT_EQ(as_service("POST", "todos", R"({"id":6,"title":"n"})").status, 201);
  upstream_.set_offline(true);
  const http::Headers rows_asked = {{"Prefer", "return=representation"}};
  EXPECT_EQ(as_service("POST", "todos", R"({"id":7,"title":"n"})", rows_asked).status, 504);
  upstream_.set_offline(false);
  upstream_.push(204);
  upstream_.push(201);
  drain_service();
  ASSERT_EQ(upstream_.calls().size(), 2U);
  EXPECT_EQ(upstream_.calls().at(0).method, "PATCH");
  EXPECT_EQ(upstream_.calls().at(0).target, "/rest/v1/todos?id=eq.5");
  EXPECT_EQ(upstream_.calls().at(0).body, R"({"title":"z"})");
  EXPECT_EQ(depth(), 0) << "nothing of it is another principal's";
}

TEST_F(OpaqueWriteTest, CallsCountAsMuchAsOtherWritesInAFullQueue) {
  options_.queue_limit = 2;
  go_offline();
  EXPECT_EQ(rest("POST", "todos", R"({"id":1,"title":"a"})").status, 201);
  EXPECT_EQ(call("transfer", "{}", {{"Idempotency-Key", "k1"}}).status, 204);
  EXPECT_EQ(call("transfer", "{}").status, 507);
  EXPECT_EQ(rest("POST", "todos", R"({"id":2,"title":"a"})").status, 507);
  EXPECT_EQ(call("transfer", "{}", {{"Idempotency-Key", "k1"}}).status, 204) << "it is in already";
  EXPECT_EQ(depth(), 2);
}

TEST_F(OpaqueWriteTest, ARepeatedCallWithOtherArgumentsIsAnotherRequest) {
  go_offline();
  EXPECT_EQ(call("transfer", R"({"amount":1})", {{"Idempotency-Key", "k1"}}).status, 204);
  EXPECT_EQ(call("transfer", R"({"amount":2})", {{"Idempotency-Key", "k1"}}).status, 422);
}

// Hard cases 9 and 12: on a link that dies nobody knows whether it arrived. It is listed, nobody
// sends it again, and its app has no reason to.
TEST_F(OpaqueWriteTest, TheServiceRolesWriteWhoseAnswerIsLostIsListedAndNotSentAgain) {
  go_online();
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  const auto answer = as_service("POST", "todos", R"({"id":6,"title":"n"})");
  EXPECT_EQ(answer.status, 201);
  drain_service();
  EXPECT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(entry_of(answer).at("state"), "uncertain");
  upstream_.push(201);
  const auto heard = as_service("POST", "todos", R"({"id":7,"title":"n"})");
  EXPECT_EQ(heard.status, 201);
  EXPECT_EQ(header(heard, "Holdfast-Outbox-Id"), "(none)");
}

TEST_F(OpaqueWriteTest, TheServiceRolesRefusalIsTheUpstreamsOwn) {
  go_online();
  upstream_.push(409, R"({"code":"23505","message":"duplicate key"})",
                 {{"Content-Type", "application/json"}});
  const auto answer = as_service("POST", "todos", R"({"id":6,"title":"n"})");
  EXPECT_EQ(answer.status, 409);
  EXPECT_THAT(answer.body, HasSubstr("duplicate key"));
  EXPECT_EQ(json::parse(control("GET", "/outbox?state=dead").body).size(), 0U);
}

TEST_F(OpaqueWriteTest, TheServiceRolesLinesOfTextAreQueuedAsTheyAre) {
  go_offline();
  http::Headers headers = {{"apikey", "sb_secret_test"}, {"Content-Type", "text/csv"}};
  EXPECT_EQ(ask({"POST", "/rest/v1/todos", headers, "id,title\n8,n\n"}).status, 201);
  upstream_.push(201);
  drain_service();
  ASSERT_EQ(upstream_.calls().size(), 1U);
  EXPECT_EQ(upstream_.calls().at(0).body, "id,title\n8,n\n");
  EXPECT_EQ(upstream_.calls().at(0).headers.find("Content-Type"), "text/csv");
}

}  // namespace
}  // namespace holdfast::routes
