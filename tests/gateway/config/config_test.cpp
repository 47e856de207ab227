#include "gateway/config/config.h"

#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/gateway/config/test_environment.h"
#include "tests/support/temp_dir.h"

namespace holdfast::config {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

std::string complaint(std::string_view toml) {
  const auto config = parse_config(toml, "config.toml", environment_of({}));
  return config ? "accepted" : config.error().message;
}

Config parsed(std::string_view toml) {
  auto config = parse_config(toml, "config.toml", environment_of({}));
  EXPECT_TRUE(config.has_value()) << (config ? "" : config.error().message);
  return config ? *config : Config{};
}

TEST(ConfigTest, ValuesReachTheModuleThatActsOnThem) {
  const Config config = parsed(R"(
      [upstream]
      url = "https://project.supabase.co"
      anon_key = "sb_publishable_fake"
      jwt_secret = "not-a-real-secret"
      timeout = "1500ms"
      schemas = ["api", "public"]
      [server]
      listen = "[::1]:0"
      [sync]
      interval = "2s"
      [tables."app.todos"]
      read = "pass"
      version_column = "version")");
  EXPECT_EQ(config.upstream.url, "https://project.supabase.co");
  EXPECT_EQ(config.upstream.anon_key, "sb_publishable_fake");
  EXPECT_EQ(config.identity.anon_key, "sb_publishable_fake");
  EXPECT_EQ(config.identity.jwt_secret, "not-a-real-secret");
  EXPECT_EQ(config.upstream.timeout, milliseconds(1500));
  EXPECT_THAT(config.rest.schemas, testing::ElementsAre("api", "public"));
  EXPECT_EQ(config.listener.host, "::1");
  EXPECT_EQ(config.listener.port, 0);
  EXPECT_EQ(config.pull.interval, milliseconds(2000));
  EXPECT_EQ(config.dispatcher.flush_interval, milliseconds(2000));
  EXPECT_EQ(config.replica.default_schema, "api");
  EXPECT_EQ(config.replica.table_options.at("app.todos").read, cache::ReadMode::kPass);
  EXPECT_EQ(config.replica.table_options.at("app.todos").version_column, "version");
}

TEST(ConfigTest, ATableOfTheFirstSchemaIsSetUnderOneOfItsNamesOnly) {
  const std::string both = R"(
      [tables."app.todos"]
      read = "pass"
      [tables.todos]
      read = "pass"
      [upstream]
      schemas = ["app"])";
  EXPECT_EQ(complaint(both),
            "`tables.\"app.todos\"` in config.toml: [tables.todos] is the same table; keep one of "
            "the two");
  EXPECT_EQ(complaint(both.substr(0, both.find("[upstream]"))), "accepted");
}

TEST(ConfigTest, UnknownKeyIsNamedWithItsLineAndTheNearestOne) {
  EXPECT_EQ(complaint("[upstream]\nurl = \"\"\nanon_kye = \"x\"\n"),
            "unknown key `upstream.anon_kye` at config.toml:3; did you mean `anon_key`?");
  EXPECT_EQ(complaint("[server]\nmax_rows = 5\n"),
            "unknown key `server.max_rows` at config.toml:2; did you mean `rest.max_rows`?");
  EXPECT_EQ(complaint("[tables.todos]\nwriets = \"queue\"\n"),
            "unknown key `tables.todos.wriets` at config.toml:2; did you mean `writes`?");
}

TEST(ConfigTest, UnknownKeyThatResemblesNothingGetsNoAdvice) {
  EXPECT_EQ(complaint("colour = \"red\"\n"), "unknown key `colour` at config.toml:1");
}

TEST(ConfigTest, UnknownSectionIsAnErrorEvenWhenEmpty) {
  EXPECT_EQ(complaint("[upstraem]\n"), "unknown section `upstraem` at config.toml:1");
  EXPECT_EQ(complaint("[upstream]\n[tables.todos]\n"), "accepted");
}

TEST(ConfigTest, ValueInThePlaceOfASectionIsAnError) {
  EXPECT_EQ(complaint("upstream = \"https://project.supabase.co\"\n"),
            "`upstream` at config.toml:1: expected a section [upstream], found text");
  EXPECT_EQ(complaint("[tables]\ntodos = \"queue\"\n"),
            "`tables.todos` at config.toml:2: expected a section [tables.todos], found text");
}

TEST(ConfigTest, TableNameSplitAtItsDotIsExplained) {
  EXPECT_THAT(complaint("[tables.app.todos]\nread = \"cache\"\n"),
              HasSubstr("write a table outside the first schema as [tables.\"SCHEMA.NAME\"]"));
}

TEST(ConfigTest, IllTypedValueIsNamedWithWhatWasExpected) {
  EXPECT_EQ(complaint("[rest]\nmax_rows = \"many\"\n"),
            "`rest.max_rows` at config.toml:2: expected a whole number from 0 to 1000000000, "
            "found \"many\"");
  EXPECT_EQ(complaint("[upstream]\ntimeout = 5\n"),
            "`upstream.timeout` at config.toml:2: expected a duration from \"50ms\" to \"10m\" "
            "(ms, s, m, h, d), found a whole number");
}

TEST(ConfigTest, EveryProblemIsReportedInTheOrderOfTheFile) {
  EXPECT_EQ(complaint("[rest]\naggregates = 1\n[cache]\ntabels = []\n"),
            "`rest.aggregates` at config.toml:2: expected true or false, found a whole number\n"
            "unknown key `cache.tabels` at config.toml:4; did you mean `tables`?");
}

TEST(ConfigTest, SecretsNeverStandInAMessage) {
  EXPECT_THAT(complaint("[upstream]\nurl = \"postgres://user:hunter2@host\"\n"),
              Not(HasSubstr("hunter2")));
  EXPECT_THAT(complaint("[upstream]\nservice_key = [\"sb_secret_fake\"]\n"),
              Not(HasSubstr("sb_secret_fake")));
}

TEST(ConfigTest, MissingVariableIsNamedWithItsKey) {
  EXPECT_EQ(complaint("[upstream]\nanon_key = \"env:SUPABASE_ANON_KEY\"\n"),
            "`upstream.anon_key` at config.toml:2: the environment variable SUPABASE_ANON_KEY is "
            "not set");
}

TEST(ConfigTest, FileReferencesStartAtTheFolderOfTheConfiguration) {
  const support::TempDir folder;
  std::ofstream(folder.path() / "secret") << "not-a-real-secret\n";
  std::ofstream(folder.path() / "config.toml") << "[upstream]\njwt_secret = \"file:secret\"\n";
  const auto config = load_config((folder.path() / "config.toml").string(), environment_of({}));
  ASSERT_TRUE(config.has_value()) << config.error().message;
  EXPECT_EQ(config->identity.jwt_secret, "not-a-real-secret");
}

TEST(ConfigTest, MissingFileIsNotFound) {
  const auto config = load_config("/nowhere/config.toml", environment_of({}));
  ASSERT_FALSE(config.has_value());
  EXPECT_EQ(config.error().kind, ErrorKind::kNotFound);
  EXPECT_THAT(config.error().message, HasSubstr("/nowhere/config.toml"));
}

TEST(ConfigTest, CommandLineSetsAnyKeyAndKeepsTheConfigurationWhenItCannot) {
  Config config;
  const Environment environment = environment_of({{"KEY", "sb_publishable_fake"}});
  EXPECT_TRUE(set_key(config, "upstream.anon_key", "env:KEY", "--key", environment));
  EXPECT_TRUE(set_key(config, "rest.max_rows", "7", "--max-rows", environment));
  EXPECT_EQ(config.identity.anon_key, "sb_publishable_fake");
  EXPECT_EQ(config.rest.max_rows, 7);
  const auto outcome = set_key(config, "server.listen", "here", "--listen", environment);
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message, HasSubstr("`server.listen` from --listen: expected"));
  EXPECT_EQ(config.listener.host, "127.0.0.1");
}

}  // namespace
}  // namespace holdfast::config
