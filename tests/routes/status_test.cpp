#include "routes/status.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using json = nlohmann::json;
using ::testing::ElementsAre;

class StatusTest : public RoutesTest {
 protected:
  StatusTest() {
    upstream_.respond_with([this](const auto&) { return answer_; });
  }

  json status() { return json::parse(control("GET", "/status").body); }
  std::vector<std::string> trouble() { return status().at("trouble"); }

  void queue_a_write() {
    go_offline();
    ASSERT_EQ(rest("POST", "todos", R"({"list_id":1,"title":"Buy stamps","id":1})").status, 201);
    go_online();
  }
  // Makes the queued write one in `state`.
  void set_state(const std::string& state, const std::string& more = "") {
    store_->writer().run(cache::Writer::Priority::kClient, [&](cache::Transaction& transaction) {
      const std::string sql = "UPDATE hf_outbox SET state='" + state + "'" + more;
      transaction.database().execute(sql.c_str());
    });
  }
  void pull() { synchronizer_.sync_now(); }

  upstream::Outcome answer_ =
      upstream::Answer{200, {{"Content-Type", "application/json"}}, "[]", {}, {}};
  const upstream::Outcome refused_ = upstream::Answer{
      401, {{"Content-Type", "application/json"}}, R"({"message":"Invalid API key"})", {}, {}};
};

TEST_F(StatusTest, AWriteOnItsWayIsNoTrouble) {
  queue_a_write();
  EXPECT_EQ(status().at("state"), "syncing");
  EXPECT_TRUE(trouble().empty());
  set_state("held");
  EXPECT_EQ(status().at("state"), "syncing") << "its user may sign in";
}

TEST_F(StatusTest, AWriteThatMayHaveArrivedIsNoConflictButForAPerson) {
  queue_a_write();
  set_state("uncertain");
  EXPECT_EQ(status().at("state"), "error");
  EXPECT_THAT(trouble(), ElementsAre("uncertain"));
  EXPECT_EQ(status().at("queue").at("uncertain"), 1);
  EXPECT_EQ(status().at("queue").at("conflicts"), 1) << "the parts make up the depth";
  set_state("uncertain", ", next_attempt_at=1");
  EXPECT_EQ(status().at("state"), "syncing") << "it is looked for by itself";
  set_state("conflict", ", next_attempt_at=NULL");
  EXPECT_EQ(status().at("state"), "conflict");
  EXPECT_THAT(trouble(), ElementsAre("conflicts"));
}

TEST_F(StatusTest, WhatTimeAloneDoesNotSendIsToldByName) {
  queue_a_write();
  set_state("stalled");
  EXPECT_THAT(trouble(), ElementsAre("stalled"));
  EXPECT_EQ(status().at("queue").at("stalled"), 1);
  set_state("held", ", last_error='claims changed: role'");
  EXPECT_THAT(trouble(), ElementsAre("claims_changed"));
  set_state("dead", ", ended_at=1");
  EXPECT_THAT(trouble(), ElementsAre("refused"));
  EXPECT_EQ(status().at("state"), "error");
}

TEST_F(StatusTest, CopiesThatGrowOldWhileTheUpstreamAnswersAreTrouble) {
  go_online();
  pull();
  answer_ = refused_;
  pull();
  EXPECT_TRUE(trouble().empty()) << "one pull may fail";
  clock_.advance(std::chrono::seconds(61));
  EXPECT_EQ(status().at("state"), "error");
  EXPECT_THAT(trouble(), ElementsAre("pulls_fail"));
  go_offline();
  EXPECT_EQ(status().at("state"), "offline");
}

TEST_F(StatusTest, PullsThatHaveNeverWorkedAreTroubleAtOnce) {
  go_online();
  answer_ = refused_;
  pull();
  EXPECT_THAT(trouble(), ElementsAre("pulls_fail"));
}

TEST_F(StatusTest, AGatewayThatKnowsNoTableIsNotSynced) {
  use(std::make_shared<const cache::Catalog>());
  go_online();
  pull();
  EXPECT_EQ(status().at("state"), "error");
  EXPECT_THAT(trouble(), ElementsAre("schema_unknown"));
  context_.standalone = true;
  EXPECT_EQ(status().at("state"), "synced");
}

TEST_F(StatusTest, AnOlderCompanionIsTold) {
  EXPECT_EQ(status().at("upstream").at("companion_outdated"), false) << "there is none";
  companion_.note_found({queue::kCompanionVersion - 1, true});
  EXPECT_EQ(status().at("upstream").at("companion_outdated"), true);
  companion_.note_found({queue::kCompanionVersion, true});
  EXPECT_EQ(status().at("upstream").at("companion_outdated"), false);
}

TEST_F(StatusTest, UnfinishedWritesAreListedWithoutDeadLetters) {
  queue_a_write();
  const auto listed = [this](const std::string& query) {
    return json::parse(control("GET", "/outbox" + query).body).size();
  };
  EXPECT_EQ(listed("?state=unfinished"), 1U);
  set_state("dead", ", ended_at=1");
  EXPECT_EQ(listed("?state=unfinished"), 0U);
  EXPECT_EQ(listed(""), 1U);
  EXPECT_EQ(control("GET", "/outbox?state=splendid").status, 400);
}

}  // namespace
}  // namespace holdfast::routes
