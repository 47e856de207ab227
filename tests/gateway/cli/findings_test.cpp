#include "gateway/cli/findings.h"

#include <gtest/gtest.h>

#include "queue/companion.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/manual_clock.h"

namespace holdfast::cli {
namespace {

using Level = Finding::Level;
using std::chrono::seconds;

// What a project says to doctor's one call, and what doctor makes of it.
class UpstreamFindingsTest : public ::testing::Test {
 protected:
  UpstreamFindingsTest() {
    config_.upstream.url = "https://abcd.supabase.co";
    config_.upstream.anon_key = "sb_publishable_fake";
  }

  Findings answered(int status, std::string body, std::optional<seconds> ahead = seconds(0)) {
    upstream::Answer answer;
    answer.status = status;
    answer.headers.set("Content-Type", "application/json");
    answer.body = std::move(body);
    if (ahead) answer.date = clock_.now() - *ahead;
    upstream_.push(upstream::Outcome(std::move(answer)));
    return check_upstream(config_, upstream_, clock_);
  }

  static std::optional<Level> level_of(const Findings& findings, const std::string& about) {
    for (const auto& finding : findings) {
      if (finding.about == about) return finding.level;
    }
    return std::nullopt;
  }

  config::Config config_;
  support::FakeUpstream upstream_;
  support::ManualClock clock_;
};

constexpr const char* kNoFunction = R"({"code":"PGRST202","message":"no function"})";

TEST_F(UpstreamFindingsTest, AProjectWithoutTheCompanionIsAdviceAndNothingIsBroken) {
  const auto found = answered(404, kNoFunction);
  EXPECT_FALSE(is_broken(found));
  EXPECT_EQ(level_of(found, "companion"), Level::kAdvice);
  EXPECT_EQ(level_of(found, "connection"), Level::kFine);
}

TEST_F(UpstreamFindingsTest, AnOlderCompanionIsToBeInstalledAgain) {
  const std::string older = R"({"version":1,"hook":true,"results":[]})";
  const std::string newest =
      R"({"version":)" + std::to_string(queue::kCompanionVersion) + R"(,"hook":true,"results":[]})";
  EXPECT_EQ(level_of(answered(200, older), "companion"), Level::kAdvice);
  EXPECT_EQ(level_of(answered(200, newest), "companion"), Level::kFine);
}

TEST_F(UpstreamFindingsTest, ARefusedKeyIsBrokenButAForbiddenFunctionIsNoRefusal) {
  EXPECT_EQ(level_of(answered(401, R"({"message":"Invalid API key"})"), "key"), Level::kBroken);
  EXPECT_EQ(level_of(answered(401, R"({"code":"PGRST301"})"), "key"), Level::kBroken);
  const auto forbidden = answered(401, R"({"code":"42501","message":"permission denied"})");
  EXPECT_FALSE(is_broken(forbidden));
  EXPECT_EQ(level_of(forbidden, "companion"), Level::kAdvice);
}

TEST_F(UpstreamFindingsTest, AFaultOfTheProjectIsAdviceAndSaysNothingOfTheCompanion) {
  const auto found = answered(540, "<html>project paused</html>");
  EXPECT_FALSE(is_broken(found));
  EXPECT_EQ(level_of(found, "companion"), std::nullopt);
}

TEST_F(UpstreamFindingsTest, AClockThatIsOffByAMinuteBreaksTokensEitherWay) {
  EXPECT_EQ(level_of(answered(404, kNoFunction, seconds(2)), "clock"), Level::kFine);
  EXPECT_EQ(level_of(answered(404, kNoFunction, seconds(-30)), "clock"), Level::kAdvice);
  EXPECT_EQ(level_of(answered(404, kNoFunction, seconds(90)), "clock"), Level::kBroken);
  EXPECT_EQ(level_of(answered(404, kNoFunction, seconds(-90)), "clock"), Level::kBroken);
  EXPECT_EQ(level_of(answered(404, kNoFunction, std::nullopt), "clock"), Level::kFine);
}

TEST_F(UpstreamFindingsTest, NoAnswerIsBrokenAndSaysWhy) {
  upstream_.set_offline(true);
  config_.upstream.url = "http://127.0.0.1:9";
  const auto found = check_upstream(config_, upstream_, clock_);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].level, Level::kBroken);
  EXPECT_FALSE(found[0].remedy.empty());
}

TEST_F(UpstreamFindingsTest, ANameWithoutAnAddressIsToldFromAMachineThatDoesNotAnswer) {
  upstream_.set_offline(true);
  const auto text = [this](const std::string& url) {
    config_.upstream.url = url;
    return check_upstream(config_, upstream_, clock_).at(0).text;
  };
  // Longer than a label may be: no name server is asked.
  const std::string impossible = "https://" + std::string(64, 'a') + ".supabase.co";
  EXPECT_EQ(text(impossible), "no address is known for " + impossible);
  EXPECT_EQ(text("http://127.0.0.1:9").find("no address"), std::string::npos);
}

TEST_F(UpstreamFindingsTest, TheAppsKeyIsTriedBesideTheSecretOne) {
  config_.upstream.service_key = "sb_secret_fake";
  upstream::Answer fine;
  fine.status = 404;
  fine.body = kNoFunction;
  upstream_.push(upstream::Outcome(fine));
  const auto found = answered(401, R"({"message":"Invalid API key"})");
  EXPECT_EQ(level_of(found, "key"), Level::kBroken);
  ASSERT_EQ(upstream_.calls().size(), 2U);
  EXPECT_EQ(level_of(found, "companion"), Level::kAdvice);
}

TEST_F(UpstreamFindingsTest, WithoutAnUpstreamNobodyIsAsked) {
  config_.upstream.url.clear();
  EXPECT_TRUE(check_upstream(config_, upstream_, clock_).empty());
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(UpstreamFindingsTest, AnAddressThatIsNotEncryptedIsAdviceOnlyBeyondThisMachine) {
  config_.identity.anon_key = "sb_publishable_fake";
  const auto level = [this](const std::string& url) {
    config_.upstream.url = url;
    return level_of(check_settings(config_, "", clock_.now()), "upstream");
  };
  EXPECT_EQ(level("http://127.0.0.1:54321"), Level::kFine);
  EXPECT_EQ(level("http://shop.example"), Level::kAdvice);
  EXPECT_EQ(level("https://abcd.supabase.co"), Level::kFine);
}

cache::Table table(const std::string& schema, const std::string& name) {
  cache::Table made;
  made.schema = schema;
  made.name = name;
  made.columns.resize(2);
  made.columns[0].name = "id";
  made.columns[1].name = "version";
  return made;
}

class TableFindingsTest : public ::testing::Test {
 protected:
  std::vector<std::string> texts() const {
    const cache::Catalog catalog({table("public", "todos"), table("audit", "log")}, {},
                                 {"public", "audit"}, {});
    std::vector<std::string> texts;
    for (const auto& finding : check_tables(config_, catalog)) {
      EXPECT_EQ(finding.level, Level::kAdvice);
      EXPECT_NE(finding.remedy, "");
      texts.push_back(finding.text);
    }
    return texts;
  }

  config::Config config_;
};

TEST_F(TableFindingsTest, TablesOfEverySchemaAreKnownByTheirNames) {
  config_.replica.table_options["todos"].version_column = "version";
  config_.replica.table_options["audit.log"].updated_at_column = "none";
  config_.replica.tables = {"public.todos", "audit.log"};
  EXPECT_EQ(texts(), std::vector<std::string>{});
}

TEST_F(TableFindingsTest, ANameThatIsNoTableIsAdvice) {
  config_.replica.table_options["log"].max_rows = 1;
  config_.replica.tables = {"todso"};
  const auto found = texts();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "[tables.log] names no table of the schema that is kept");
  EXPECT_EQ(found[1], "[cache] tables, \"todso\", names no table of the schema that is kept");
}

TEST_F(TableFindingsTest, ANameThatIsNoColumnIsAdvice) {
  config_.replica.table_options["audit.log"].version_column = "vresion";
  config_.replica.table_options["todos"].transitions = {"a", "b"};
  const auto found = texts();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0], "[tables.\"audit.log\"] names a column that the table has not: vresion");
  EXPECT_EQ(found[1], "[tables.todos] names a column that the table has not: status");
}

}  // namespace
}  // namespace holdfast::cli
