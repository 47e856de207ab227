#include "cache/responses/response_cache.h"

#include <gtest/gtest.h>
#include <future>

#include "tests/cache/replica/sample_catalog.h"
#include "tests/support/manual_clock.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

using namespace std::chrono_literals;

class ResponseCacheTest : public ::testing::Test {
 protected:
  static http::Response answer(const std::string& body, http::Headers headers = {}) {
    headers.add("Content-Range", "0-0/*");
    headers.add("Content-Type", "application/json; charset=utf-8");
    return {200, std::move(headers), body};
  }
  void settle() {
    store_->writer().run(Writer::Priority::kBackground, [](Transaction&) {});
  }
  bool keep(const std::string& key, const http::Response& response,
            const ResponseCache::Relations& relations = std::nullopt) {
    const bool kept = cache_.keep(*store_, key, response, relations, cache_.moment(*store_));
    settle();
    return kept;
  }
  std::string body(const std::string& key) {
    const auto kept = cache_.find(*store_, key);
    return kept ? kept->response.body : "(none)";
  }
  // An own write as the outbox has it.
  void write(const std::string& relation, const std::string& state, const std::string& also = "") {
    store_->writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
      const std::string id = std::to_string(++entries_);
      transaction.database().execute(
          "INSERT INTO hf_outbox(id, relation, operation, method, target, headers, body, role,"
          " claims, idempotency_key, created_at, state, ended_at) VALUES('" +
          id + "', '" + relation + "', 'insert', 'POST', '', '{}', '', 'anon', '{}', '" + id +
          "', 0, '" + state + "', CASE WHEN '" + state + "' IN ('dead', 'discarded') THEN 1 END)");
      if (also.empty()) return;
      transaction.database().execute(
          "INSERT INTO hf_effects(entry, ordinal, relation, key, kind, changes, consequence,"
          " active) VALUES(" +
          id + ", 1, '" + also + "', '[1]', 0, '{}', 1, 1)");
    });
  }
  void in_file(const std::string& sql) {
    store_->writer().run(Writer::Priority::kClient,
                         [&](Transaction& transaction) { transaction.database().execute(sql); });
  }
  std::shared_ptr<Store> open() {
    return std::make_shared<Store>((dir_.path() / "anon.db").string(), http::Principal::anonymous(),
                                   sample::catalog(), std::vector<const Table*>{});
  }

  support::TempDir dir_;
  support::ManualClock clock_{Timestamp(std::chrono::sys_days(std::chrono::year(2026) / 11 / 21))};
  ResponseOptions options_{80'000};
  ResponseCache cache_{options_, clock_};
  std::shared_ptr<Store> store_ = open();
  int entries_ = 0;
};

TEST_F(ResponseCacheTest, AKeptAnswerComesBackWithItsHeadersAndAge) {
  ASSERT_TRUE(keep("k", answer("[1]", {{"Cache-Status", "holdfast; fwd=miss"}, {"X-A", "b"}})));
  clock_.advance(90s);
  const auto kept = cache_.find(*store_, "k");
  ASSERT_TRUE(kept);
  EXPECT_EQ(kept->response.status, 200);
  EXPECT_EQ(kept->response.body, "[1]");
  EXPECT_EQ(kept->response.headers.find("x-a"), "b");
  EXPECT_FALSE(kept->response.headers.contains("Cache-Status"));
  EXPECT_EQ(kept->age, 90s);
  EXPECT_EQ(body("another"), "(none)");
}

TEST_F(ResponseCacheTest, ItSurvivesARestart) {
  keep("k", answer("[1]"));
  store_.reset();
  store_ = open();
  const ResponseCache again(options_, clock_);
  EXPECT_TRUE(again.find(*store_, "k"));
}

TEST_F(ResponseCacheTest, OnlyWhatLooksLikePostgrestIsKept) {
  http::Response portal{200, {{"Content-Type", "text/html"}}, "<html>"};
  EXPECT_FALSE(keep("k", portal));
  http::Response json_portal{200, {{"Content-Type", "application/json"}}, "{}"};
  EXPECT_FALSE(keep("k", json_portal));
  http::Response error = answer("{}");
  error.status = 400;
  EXPECT_FALSE(keep("k", error));
  EXPECT_FALSE(keep("k", answer("[]", {{"Cache-Control", "private, no-store"}})));
  EXPECT_FALSE(keep("k", answer("[]", {{"Set-Cookie", "a=b"}})));
  EXPECT_EQ(body("k"), "(none)");
}

TEST_F(ResponseCacheTest, ANewerAnswerReplacesTheOlder) {
  keep("k", answer("[1]"));
  clock_.advance(1s);
  keep("k", answer("[2]"));
  EXPECT_EQ(body("k"), "[2]");
  clock_.advance(20s);
  keep("k", answer("[2]"));
  EXPECT_EQ(cache_.find(*store_, "k")->age, 0s) << "the same answer again is as young as its last";
}

TEST_F(ResponseCacheTest, TheOnesUsedLongestAgoGoFirst) {
  const std::string large(9'000, 'x');
  for (int i = 0; i < 8; ++i) {
    keep("k" + std::to_string(i), answer(large));
    clock_.advance(100s);
  }
  EXPECT_NE(body("k0"), "(none)");  // used just now
  settle();
  clock_.advance(1s);
  keep("k8", answer(large));
  EXPECT_NE(body("k0"), "(none)");
  EXPECT_EQ(body("k1"), "(none)");
  EXPECT_NE(body("k2"), "(none)");
  EXPECT_FALSE(keep("k9", answer(std::string(10'001, 'x')))) << "one may not take it all";
}

// Each waits for the writer with its body.
TEST_F(ResponseCacheTest, WhatComesFasterThanItIsWrittenIsNotKept) {
  const ResponseCache roomy({800'000'000}, clock_);
  const auto large = answer(std::string(6'000'000, 'x'));
  const auto take = [&](int number) {
    return roomy.keep(*store_, "k" + std::to_string(number), large, std::nullopt,
                      roomy.moment(*store_));
  };
  std::promise<void> over;
  store_->writer().submit(Writer::Priority::kClient,
                          [waiting = over.get_future().share()](Transaction&) { waiting.wait(); },
                          {});
  for (int number = 1; number <= 3; ++number) EXPECT_TRUE(take(number));
  EXPECT_FALSE(take(4));
  over.set_value();
  settle();
  EXPECT_TRUE(take(4));
  settle();
}

TEST_F(ResponseCacheTest, NoneIsKeptWithoutRoom) {
  const ResponseCache off({0}, clock_);
  EXPECT_FALSE(off.keep(*store_, "k", answer(""), std::nullopt, off.moment(*store_)));
}

TEST_F(ResponseCacheTest, AnAnswerWithoutAnOwnWriteIsNotGiven) {
  keep("todos", answer("[1]"), std::vector<std::string>{"public.todos"});
  keep("tags", answer("[1]"), std::vector<std::string>{"public.tags"});
  keep("function", answer("[1]"));
  write("public.todos", "queued");
  EXPECT_EQ(body("todos"), "(none)");
  EXPECT_EQ(body("tags"), "[1]");
  EXPECT_EQ(body("function"), "(none)") << "nobody knows what it reads";
  in_file("UPDATE hf_outbox SET state='acknowledged', ended_at=1");
  EXPECT_EQ(body("todos"), "(none)") << "delivered, but not in that answer";
  keep("todos", answer("[2]"), std::vector<std::string>{"public.todos"});
  EXPECT_EQ(body("todos"), "[2]");
  write("public.lists", "queued", "public.todos");
  EXPECT_EQ(body("todos"), "(none)") << "a cascade is an effect, too";
}

TEST_F(ResponseCacheTest, AnAnswerThatCameBeforeADeliveryDoesNotShowIt) {
  write("public.todos", "waiting");
  keep("todos", answer("[1]"), std::vector<std::string>{"public.todos"});
  EXPECT_EQ(body("todos"), "(none)");
  in_file("UPDATE hf_outbox SET state='acknowledged', ended_at=1");
  EXPECT_EQ(body("todos"), "(none)");
}

TEST_F(ResponseCacheTest, ADiscardedWriteIsMissedByNobody) {
  keep("k", answer("[1]"));
  write("public.todos", "discarded");
  write("public.todos", "dead");
  EXPECT_EQ(body("k"), "[1]");
}

TEST_F(ResponseCacheTest, AForgottenWriteStillCounts) {
  keep("tags", answer("[1]"), std::vector<std::string>{"public.tags"});
  write("public.tags", "acknowledged");
  in_file("DELETE FROM hf_outbox");
  EXPECT_EQ(body("tags"), "(none)");
}

TEST_F(ResponseCacheTest, AForwardedWriteDropsWhatWasAskedForBeforeIt) {
  keep("k", answer("[1]"));
  const auto before = cache_.moment(*store_);
  store_->note_forwarded_write();
  EXPECT_EQ(body("k"), "(none)");
  cache_.keep(*store_, "late", answer("[1]"), std::nullopt, before);
  settle();
  EXPECT_EQ(body("late"), "(none)") << "its answer was on the way when the write was";
  keep("new", answer("[2]"));
  EXPECT_EQ(body("new"), "[2]");
  store_.reset();
  store_ = open();
  const ResponseCache again(options_, clock_);
  EXPECT_FALSE(again.find(*store_, "k"));
}

}  // namespace
}  // namespace holdfast::cache
