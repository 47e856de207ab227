#include "queue/bare_inserts.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <set>

#include "gateway/http/uri.h"
#include "tests/queue/fixture.h"

namespace holdfast::queue {
namespace {

using namespace std::chrono_literals;

// Many inserts before an upstream that keeps a table of todos, all or nothing for each request.
class BareInsertsTest : public QueueTest {
 protected:
  BareInsertsTest() {
    upstream_.respond_with([this](const upstream::Call& call) { return respond(call); });
  }

  void fill(int first, int last) {
    for (int id = first; id <= last; ++id) {
      insert("todos", "{\"id\":" + std::to_string(id) + ",\"title\":\"t\"}");
    }
  }
  std::int64_t count(const std::string& state) {
    return sample_.number("SELECT count(*) FROM hf_outbox WHERE state='" + state + "'");
  }

  // The verdicts' names over entries 1 to 4, the third of which may depend on those before.
  std::vector<std::string> deliver_with_third_dependent() {
    std::vector<Parcel> parcels;
    for (std::int64_t sequence = 1; sequence <= 4; ++sequence) {
      auto reader = sample_.store().reader();
      parcels.push_back({entry(sequence), sample_.overlay().effects(*reader, sequence)});
    }
    parcels[2].depends = true;
    BatchLimit limit;
    const Sender sender{sample_.store(), *credentials_.current, false, clock_.now()};
    std::vector<std::string> names;
    for (const auto& receipt :
         BareInserts(upstream_, sender, sample_.table("todos"), limit).deliver(parcels)) {
      names.push_back(name_of(receipt.verdict));
    }
    return names;
  }

  upstream::Outcome respond(const upstream::Call& call) {
    if (call.method == "GET") return answer_of(200, shown(call.target));
    const auto rows = nlohmann::json::parse(call.body);
    std::vector<int> ids;
    if (rows.is_object()) ids.push_back(rows.at("id"));
    if (rows.is_array()) {
      for (const auto& row : rows) ids.push_back(row.at("id"));
    }
    if (ids.size() > most_rows_) return answer_of(500, error("57014", "statement timeout"));
    std::string body;
    for (const int id : ids) {
      if (poison_.contains(id)) return answer_of(400, error("23514", "check"));
      if (rows_.contains(id)) return answer_of(409, error("23505", "\\\"todos_pkey\\\""));
      body += (body.empty() ? "[" : ",") + todo(id, "t");
    }
    rows_.insert(ids.begin(), ids.end());
    ++inserts_;
    return answer_of(201, body + "]");
  }
  std::string shown(const std::string& target) {
    const std::string text = http::percent_decode(target);
    std::string body = "[";
    for (const int id : rows_) {
      if (text.find('"' + std::to_string(id) + '"') == std::string::npos &&
          text.find("id=eq." + std::to_string(id) + "&") == std::string::npos) {
        continue;
      }
      body += (body.size() > 1 ? "," : "") + todo(id, foreign_.contains(id) ? "foreign" : "t");
    }
    return body + "]";
  }
  static upstream::Outcome answer_of(int status, const std::string& body) {
    upstream::Answer answer;
    answer.status = status;
    answer.headers = json();
    answer.body = body;
    return answer;
  }

  std::set<int> rows_;
  std::set<int> poison_;
  std::set<int> foreign_;  // of rows_: somebody else's
  std::size_t most_rows_ = 1000;
  int inserts_ = 0;
};

TEST_F(BareInsertsTest, NeighboursGoInOneRequest) {
  fill(1, 250);
  EXPECT_EQ(drain().uploaded, 250);
  EXPECT_EQ(upstream_.calls().size(), 3U);
  EXPECT_EQ(rows_.size(), 250U);
  EXPECT_FALSE(upstream_.calls().at(0).headers.find("Idempotency-Key"));
}

TEST_F(BareInsertsTest, OtherColumnsOrAnotherTableEndTheBatch) {
  insert("todos", R"({"id":1,"title":"t"})");
  insert("todos", R"({"id":2,"title":"t"})");
  insert("todos", R"({"id":3,"title":"t","done":true})");
  insert("todos", R"({"title":"t","id":4})");
  drain();
  EXPECT_EQ(upstream_.calls().size(), 3U);
  EXPECT_EQ(rows_, (std::set<int>{1, 2, 3, 4}));
}

TEST_F(BareInsertsTest, OnlyTheRefusedRowOfABatchDies) {
  poison_ = {37};
  fill(1, 100);
  drain();
  EXPECT_EQ(count("acknowledged"), 99);
  EXPECT_EQ(count("dead"), 1);
  EXPECT_FALSE(rows_.contains(37));
  EXPECT_LT(upstream_.calls().size(), 20U);
}

// A row may refer to another one of its statement.
TEST_F(BareInsertsTest, WhatDependsOnARefusedRowOfItsBatchIsNotSent) {
  fill(1, 4);
  poison_.insert(2);
  EXPECT_THAT(deliver_with_third_dependent(),
              ::testing::ElementsAre("applied", "refused", "left_out", "applied"));
  EXPECT_EQ(rows_, (std::set<int>{1, 4}));
}

TEST_F(BareInsertsTest, WhatDependsOnALostRowThatIsSomebodyElsesIsNotSettled) {
  fill(1, 4);
  upstream_.lose_answers();
  drain();
  ASSERT_EQ(rows_.size(), 4U);
  foreign_.insert(2);
  EXPECT_THAT(deliver_with_third_dependent(),
              ::testing::ElementsAre("applied", "refused", "left_out", "applied"));
}

TEST_F(BareInsertsTest, ABatchThatIsTooMuchHalvesDownToOneAndIsRemembered) {
  most_rows_ = 1;
  fill(1, 8);
  drain();
  EXPECT_EQ(count("acknowledged"), 8);
  upstream_.clear_calls();
  fill(9, 10);
  drain();
  EXPECT_EQ(count("acknowledged"), 10);
  EXPECT_LE(upstream_.calls().size(), 3U);
}

TEST_F(BareInsertsTest, ALostAnswerToABatchIsSettledByReadingItsKeys) {
  fill(1, 50);
  upstream_.lose_answers();
  drain();
  EXPECT_EQ(count("waiting"), 50);
  ASSERT_EQ(rows_.size(), 50U);
  upstream_.clear_calls();
  clock_.advance(10min);
  drain();
  EXPECT_EQ(count("acknowledged"), 50);
  EXPECT_EQ(inserts_, 1) << "nothing is sent twice";
  // Two, as batches are half as large after a lost answer.
  ASSERT_LE(upstream_.calls().size(), 2U);
  for (const auto& call : upstream_.calls()) EXPECT_EQ(call.method, "GET");
}

TEST_F(BareInsertsTest, WhatALostBatchDidNotBringIsSentAgain) {
  fill(1, 4);
  upstream_.push(upstream::Failure{upstream::Loss::kAnswerLost, "reset"});
  drain();
  rows_ = {2, 3};  // as if by other means: only these arrived
  clock_.advance(10min);
  drain();
  EXPECT_EQ(count("acknowledged"), 4);
  EXPECT_EQ(rows_, (std::set<int>{1, 2, 3, 4}));
}

TEST_F(BareInsertsTest, TenThousandInsertsTakeATwentiethOfTheRequests) {
  fill(1, 2'000);
  drain();
  EXPECT_EQ(rows_.size(), 2'000U);
  EXPECT_LE(upstream_.calls().size(), 2'000U / 20);
}

// One row that the upstream stumbles over (500, XX000) stalls alone.
TEST_F(BareInsertsTest, AServerErrorOfABatchIsTriedRowByRow) {
  fill(1, 4);
  answer(500, error("XX000", "internal error"));
  drain();
  EXPECT_EQ(count("waiting"), 4);
  upstream_.clear_calls();
  clock_.advance(10min);
  answer(500, error("XX000", "internal error"));
  drain();
  EXPECT_EQ(count("waiting"), 1);
  EXPECT_EQ(count("acknowledged"), 3);
}

// Hard case 11: whose answers ask for patience is left alone.
TEST_F(BareInsertsTest, AnUpstreamUnderPressureIsNotAskedForEveryEntry) {
  upstream_.respond_with([](const upstream::Call&) { return answer_of(503, error("PGRST003")); });
  for (int id = 1; id <= 20; ++id) {
    insert("lists", "{\"id\":" + std::to_string(id) + ",\"title\":\"l\"}");
    insert("todos", "{\"id\":" + std::to_string(id) + ",\"title\":\"t\"}");
  }
  EXPECT_FALSE(drain().reached);
  EXPECT_LE(upstream_.calls().size(), 3U);
}

TEST_F(BareInsertsTest, WhatTheChangedSchemaDoesNotTakeWaitsForAnotherSchema) {
  const auto sequence = insert("todos", R"({"id":1,"title":"t"})");
  answer(400, error("PGRST204", "Could not find the 'title' column"));
  drain();
  EXPECT_EQ(state(sequence), "stalled");
  dispatcher().recover(sample_.store());  // opened again with another catalog
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
}

TEST_F(BareInsertsTest, AJumpOfTheClockHoldsNoEntryBackForLong) {
  const auto sequence = insert("todos", R"({"id":1,"title":"t"})");
  clock_.advance(24h);
  upstream_.push(upstream::Failure{upstream::Loss::kNotSent, "away"});
  drain();
  clock_.advance(-24h);
  EXPECT_EQ(state(sequence), "waiting");
  dispatcher().watch(sample_.store());
  drain();
  EXPECT_EQ(state(sequence), "acknowledged");
}

}  // namespace
}  // namespace holdfast::queue
