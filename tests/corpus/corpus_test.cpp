#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <regex>
#include <set>

#include "gateway/server/listener.h"
#include "tests/corpus/recording.h"
#include "tests/corpus/schema.h"
#include "tests/routes/fixture.h"
#include "tests/support/raw_client.h"

// Sends what real clients once sent, byte for byte, to the listener before the routes over a
// replica that is complete, and holds the answers against what those clients read of them.
namespace holdfast::routes {
namespace {

using nlohmann::json;
using test::RawAnswer;
using ::testing::HasSubstr;
using tests::Recording;

// The person of the recorded tokens, as the upstream confirms it.
constexpr const char* kUser = R"({"id":"11111111-1111-4111-8111-111111111111"})";
constexpr const char* kEcho = R"({"from":"upstream"})";

bool is_table(const Recording& recording) {
  return recording.is_below("/rest/v1/") && !recording.is_below("/rest/v1/rpc/");
}

bool only_upstream_makes(const Recording& recording) {
  const auto accept = recording.header("Accept");
  return accept.find("geo+json") != std::string::npos || accept.find(".plan+") != std::string::npos;
}

std::string code_of(const RawAnswer& answer) {
  const auto body = json::parse(answer.body, nullptr, false);
  return body.is_object() ? body.value("code", "") : "";
}

std::string field(const RawAnswer& answer, const char* name) {
  return std::string(answer.headers.find(name).value_or(""));
}

class CorpusTest : public RoutesTest {
 protected:
  static void SetUpTestSuite() {
    recordings_ = tests::recordings(HF_RECORDINGS, kKey, "sb_secret_test");
  }
  CorpusTest() {
    options_.schemas = {"public", "personal"};
    options_.aggregates = true;
    use(tests::recorded_schema());
    // When they were sent, so that their tokens hold.
    Timestamp sent;
    for (const auto& recording : recordings_) sent = std::max(sent, Timestamp(recording.at));
    clock_.set(sent);
    upstream_.respond_with([](const upstream::Call& call) -> upstream::Outcome {
      upstream::Answer answer;
      answer.status = 200;
      answer.headers.add("Content-Type", "application/json");
      answer.body = call.target == "/auth/v1/user" && call.method == "GET" ? kUser : kEcho;
      return answer;
    });
    admit_everybody();
    listening_.port = 0;
    listener_ = std::make_unique<server::Listener>(listening_, router_, silent_logger());
    listener_->start();
  }
  // Lets the upstream confirm every token, and gives each person the same rows.
  void admit_everybody() {
    fill(*store_);
    std::set<std::string> seen;
    for (const auto& recording : recordings_) {
      if (!seen.insert(recording.header("Authorization")).second) continue;
      const auto caller = authenticator_.confirm(
          {recording.method, recording.target, recording.headers, recording.body});
      if (caller && !caller->principal.subject.empty()) fill(*stores_.open(caller->principal));
    }
    upstream_.clear_calls();
  }
  static void fill(cache::Store& store) {
    const cache::Table& todos = *store.catalog().find("public", "todos");
    const auto rows = cache::parse_rows(todos, R"([{"id":1,"title":"one"}])");
    store.writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      for (const auto& row : *rows) {
        store.overlay().put_base(transaction, todos, cache::key_of(todos, row), row);
      }
      for (const auto* table : store.replicated()) store.mark_complete(transaction, *table);
    });
    for (const auto* table : store.replicated()) {
      store.publish(*table, cache::TableStatus::kComplete);
    }
  }
  void cut() {
    upstream_.set_offline(true);
    go_offline();
  }
  RawAnswer send(const Recording& recording) {
    test::RawClient client(listener_->port());
    return client.ask(recording.bytes(), recording.method == "HEAD").value_or(RawAnswer{});
  }
  // All for which `wanted` holds, with their answers; at least `least` of them.
  template <typename Wanted, typename Check>
  void for_each(int least, Wanted wanted, Check check) {
    int sent = 0;
    for (const auto& recording : recordings_) {
      if (!wanted(recording)) continue;
      SCOPED_TRACE(recording.name);
      ++sent;
      const RawAnswer answer = send(recording);
      SCOPED_TRACE(answer.head + answer.body);
      check(recording, answer);
      // No page reads the answer that opens a WebSocket.
      if (recording.headers.contains("Origin") && answer.status != 101) {
        EXPECT_EQ(field(answer, "Access-Control-Allow-Origin"), recording.header("Origin"));
      }
    }
    EXPECT_GE(sent, least);
  }

  static std::vector<Recording> recordings_;
  server::ListenerOptions listening_;
  std::unique_ptr<server::Listener> listener_;
};

std::vector<Recording> CorpusTest::recordings_;

// Errors that PostgREST itself would answer to these requests on this schema.
std::pair<int, std::string> expected_refusal(const Recording& recording) {
  const auto is = [&](const char* call) { return recording.name.ends_with(call); };
  if (is(" in_200")) return {400, "22P02"};  // keys of another type than the other calls'
  if (is(" or_not")) return {400, "PGRST108"};
  if (is(" rest_accessToken_option")) return {401, "PGRST301"};
  return {200, ""};
}

void expect_shape(const Recording& recording, const RawAnswer& answer) {
  const auto accept = recording.header("Accept");
  if (recording.method == "HEAD") {
    EXPECT_EQ(answer.body, "");
  } else if (accept.starts_with("text/csv")) {
    EXPECT_EQ(field(answer, "Content-Type"), "text/csv; charset=utf-8");
    EXPECT_THAT(answer.body, ::testing::StartsWith("id,"));
  } else {
    const bool object = accept.find(".object+json") != std::string::npos;
    const auto body = json::parse(answer.body);
    EXPECT_TRUE(object ? body.is_object() : body.is_array());
    EXPECT_THAT(field(answer, "Content-Type"), HasSubstr(object ? ".object+json" : "json"));
  }
}

TEST_F(CorpusTest, ReadsAreAnsweredHereAsClientsReadThem) {
  cut();
  const auto wanted = [](const Recording& r) { return is_table(r) && r.is_read(); };
  for_each(60, wanted, [](const Recording& recording, const RawAnswer& answer) {
    if (only_upstream_makes(recording)) {
      EXPECT_EQ(answer.status, 504);
      EXPECT_EQ(code_of(answer), "HF504");
      return;
    }
    const auto [status, code] = expected_refusal(recording);
    EXPECT_EQ(answer.status, status);
    if (status != 200) {
      EXPECT_EQ(code_of(answer), code);
      return;
    }
    EXPECT_EQ(field(answer, "Cache-Status"), "holdfast; hit");
    const bool counted = recording.header("Prefer").find("count=") != std::string::npos;
    const std::regex range(counted ? R"((\*|\d+-\d+)/\d+)" : R"((\*|\d+-\d+)/\*)");
    EXPECT_TRUE(std::regex_match(field(answer, "Content-Range"), range));
    expect_shape(recording, answer);
  });
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(CorpusTest, WritesAreQueuedAndAnsweredAsClientsReadThem) {
  cut();
  const auto wanted = [](const Recording& r) {
    const bool rolled_back = r.header("Prefer").find("tx=rollback") != std::string::npos;
    const bool on_another_key = r.name.find("upsert_on_conflict_ignore") != std::string::npos;
    return is_table(r) && !r.is_read() && r.method != "OPTIONS" && !rolled_back && !on_another_key;
  };
  for_each(20, wanted, [](const Recording& recording, const RawAnswer& answer) {
    const bool shown =
        recording.header("Prefer").find("return=representation") != std::string::npos;
    const int done = recording.method == "POST" ? 201 : shown ? 200 : 204;
    EXPECT_EQ(answer.status, done);
    EXPECT_THAT(field(answer, "Cache-Status"), HasSubstr("queued"));
    if (shown) return expect_shape(recording, answer);
    EXPECT_EQ(answer.body, "");
  });
  EXPECT_GE(depth(), 10);
}

TEST_F(CorpusTest, WhatOnlyTheUpstreamDoesReachesItUnchanged) {
  const auto wanted = [](const Recording& r) {
    return !is_table(r) && !r.is_preflight() && !r.is_below("/realtime/");
  };
  go_online();
  for_each(80, wanted, [&](const Recording& recording, const RawAnswer& answer) {
    // An echo is no session: clients would take it for a sign-out.
    const bool renewal = recording.target.find("grant_type=refresh_token") != std::string::npos;
    EXPECT_EQ(answer.status, renewal ? 503 : 200);
    const auto calls = upstream_.calls();
    upstream_.clear_calls();
    ASSERT_FALSE(calls.empty());
    EXPECT_EQ(calls.back().method, recording.method);
    EXPECT_EQ(calls.back().target, recording.target);
    EXPECT_EQ(calls.back().body, recording.body);
    EXPECT_EQ(calls.back().headers.find("Content-Type").value_or(""),
              recording.header("Content-Type"));
    if (recording.method != "HEAD" && !renewal) {
      EXPECT_THAT(answer.body, ::testing::AnyOf(kEcho, kUser));
    }
  });
}

TEST_F(CorpusTest, WithoutTheUpstreamNothingEndsInAFaultOrInANotFound) {
  cut();
  const auto wanted = [](const Recording& r) { return !is_table(r) && !r.is_preflight(); };
  for_each(80, wanted, [](const Recording& recording, const RawAnswer& answer) {
    // A sign-out is kept for later, and who is signed in is known.
    const bool kept = recording.is_below("/auth/v1/logout") || recording.is_below("/auth/v1/user");
    if (kept && answer.status < 300) return;
    // Realtime is served from here.
    if (recording.is_below("/realtime/")) {
      EXPECT_EQ(answer.status, recording.headers.contains("Upgrade") ? 101 : 202);
      return;
    }
    EXPECT_THAT(answer.status, ::testing::AnyOf(503, 504));
    EXPECT_TRUE(recording.method == "HEAD" || json::accept(answer.body));
  });
}

TEST_F(CorpusTest, APagesPreflightAllowsItsRequest) {
  const auto wanted = [](const Recording& r) { return r.is_preflight(); };
  for_each(40, wanted, [](const Recording& recording, const RawAnswer& answer) {
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.body, "");
    EXPECT_THAT(field(answer, "Access-Control-Allow-Methods"),
                HasSubstr(recording.header("Access-Control-Request-Method")));
    EXPECT_EQ(field(answer, "Access-Control-Allow-Headers"),
              recording.header("Access-Control-Request-Headers"));
  });
}

}  // namespace
}  // namespace holdfast::routes
