#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cache/pull/puller.h"
#include "tests/cache/pull/fake_table.h"
#include "tests/cache/pull/fixed_credentials.h"
#include "tests/cache/replica/sample.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::cache {

// A replica of todos (with updated_at) and of reviews (without) before a scripted upstream.
class PullerTest : public ::testing::Test {
 protected:
  PullerTest() {
    todos_.date = clock_.now();
    options_.parallel_tables = 1;
    upstream_.respond_with([this](const upstream::Call& call) { return respond(call); });
  }

  static std::string todo(int id, const std::string& title,
                          const std::string& time = "2026-11-21T11:00:00+00:00") {
    return "{\"id\":" + std::to_string(id) + ",\"list_id\":null,\"title\":\"" + title +
           "\",\"done\":false,\"price\":null,\"updated_at\":\"" + time + "\"}";
  }
  static std::string key(int id) { return "{\"id\":" + std::to_string(id) + "}"; }

  upstream::Outcome respond(const upstream::Call& call) {
    if (call.target.starts_with("/rest/v1/rpc/")) {
      return companion_ ? companion_(call) : without_companion();
    }
    if (before_answer_) before_answer_(call);
    if (failure_) return *failure_;
    return (call.target.starts_with("/rest/v1/todos?") ? todos_ : reviews_).answer(call);
  }
  // The target of a call by its place among those for rows.
  std::string target(std::size_t place) {
    std::vector<std::string> targets;
    for (const auto& call : upstream_.calls()) {
      if (!call.target.starts_with("/rest/v1/rpc/")) {
        targets.push_back(http::percent_decode(call.target));
      }
    }
    return targets.at(place);
  }
  static upstream::Outcome without_companion() {
    upstream::Answer answer;
    answer.status = 404;
    answer.body = R"({"code":"PGRST202","message":"no such function"})";
    answer.headers.add("Content-Type", "application/json");
    return answer;
  }
  PullOutcome pull(PullDepth depth = PullDepth::kChanges) {
    Puller puller(upstream_, credentials_, replica_, options_, clock_, silent_logger());
    return puller.pull(sample_.store(), depth);
  }
  void pull_well(PullDepth depth = PullDepth::kChanges) {
    const auto outcome = pull(depth);
    EXPECT_THAT(outcome.errors, ::testing::IsEmpty());
    EXPECT_TRUE(outcome.reached);
  }
  void fail(int status, const std::string& body, const char* type = "application/json") {
    upstream::Answer answer;
    answer.status = status;
    answer.body = body;
    answer.headers.add("Content-Type", type);
    failure_ = std::move(answer);
  }
  std::string shown() { return sample_.rows("todos", {"id", "title"}); }
  TableStatus status() { return sample_.store().status(sample_.table("todos")); }

  // A pending write of the row's title, as an entry of the queue makes it.
  void write_title(std::int64_t entry, int id, const std::string& title) {
    Effect effect{"public.todos", key(id), EffectKind::kUpdate, R"({"title":")" + title + "\"}"};
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, entry, {&effect, 1});
    });
  }
  // How far the queue is with an entry.
  void set_state(std::int64_t entry, const std::string& state) {
    sample_.write([&](Transaction& transaction) {
      const std::string number = std::to_string(entry);
      transaction.database().execute(
          "INSERT INTO hf_outbox(sequence, id, relation, operation, method, target, headers, body,"
          " role, claims, idempotency_key, created_at, state) VALUES(" +
          number + ",'" + number + "','public.todos','update','PATCH','','{}','','','','" + number +
          "',0,'" + state + "') ON CONFLICT DO UPDATE SET state=excluded.state");
    });
  }
  void insert(std::int64_t entry, const std::string& row, int id) {
    Effect effect{"public.todos", key(id), EffectKind::kInsert, row, row};
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, entry, {&effect, 1});
    });
  }
  void acknowledge(std::int64_t entry, int id, const std::optional<std::string>& row) {
    std::optional<Row> image;
    if (row) image = parse_row(sample_.table("todos"), *row).value();
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().acknowledge(transaction, entry,
                                    {{&sample_.table("todos"), key(id), image}});
    });
  }
  void acknowledge_deletion(std::int64_t entry, int id) {
    Effect effect{"public.todos", key(id), EffectKind::kDelete};
    sample_.write([&](Transaction& transaction) {
      sample_.overlay().apply(transaction, entry, {&effect, 1});
    });
    acknowledge(entry, id, std::nullopt);
  }

  sample::Sample sample_{sample::catalog(), {"lists", "tags", "notes", "counters"}};
  support::FakeUpstream upstream_;
  support::ManualClock clock_{sample::noon()};
  FixedCredentials credentials_;
  ReplicaOptions replica_;
  PullOptions options_;
  FakeTable todos_;
  FakeTable reviews_;
  std::optional<upstream::Outcome> failure_;
  std::function<void(const upstream::Call&)> before_answer_;
  std::function<upstream::Outcome(const upstream::Call&)> companion_;
};

}  // namespace holdfast::cache
