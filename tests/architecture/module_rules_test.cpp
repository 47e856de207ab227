#include "tests/architecture/module_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace holdfast::architecture {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const std::vector<std::string> kHeaders = {
    "cache/catalog/catalog.h",  "cache/query/query.h",
    "cache/replica/overlay.h",  "cache/sqlite/database.h",
    "gateway/app/app.h",        "gateway/base/result.h",
    "gateway/cli/cli.h",        "gateway/config/config.h",
    "gateway/http/request.h",   "gateway/server/listener.h",
    "gateway/server/options.h", "gateway/upstream/calls.h",
    "queue/outbox.h",           "routes/status.h",
    "tests/support/temp_dir.h", "gateway/identity/sessions.h",
};

std::vector<std::string> violations(const std::string& path, const std::string& text) {
  return include_violations({path, text}, kHeaders);
}

std::vector<std::string> of_include(const std::string& path, const std::string& header) {
  return violations(path, "#include \"" + header + "\"\n");
}

TEST(ModuleRulesTest, ModuleIsTheLongestFolderOfTheTable) {
  EXPECT_EQ(module_of("cache/query/grammar/parser.cpp"), "cache/query");
  EXPECT_EQ(module_of("queue/outbox.cpp"), "queue");
  EXPECT_EQ(module_of("queues/outbox.cpp"), "");
  EXPECT_EQ(module_of("gateway/main.cpp"), "");
}

TEST(ModuleRulesTest, LayersIncludeDownwards) {
  EXPECT_THAT(of_include("routes/status.cpp", "queue/outbox.h"), testing::SizeIs(1));  // own first
  EXPECT_THAT(of_include("routes/rpc.cpp", "queue/outbox.h"), IsEmpty());
  EXPECT_THAT(of_include("queue/dispatcher.cpp", "cache/replica/overlay.h"), IsEmpty());
  EXPECT_THAT(of_include("cache/query/plan.cpp", "cache/sqlite/database.h"), IsEmpty());
  EXPECT_THAT(of_include("gateway/app/main.cpp", "gateway/server/listener.h"), IsEmpty());
}

TEST(ModuleRulesTest, LayersNeverIncludeUpwardsOrSideways) {
  EXPECT_THAT(of_include("queue/dispatcher.cpp", "routes/status.h"),
              ElementsAre("queue/dispatcher.cpp:1: queue may not include routes/status.h"));
  EXPECT_THAT(of_include("cache/query/plan.cpp", "cache/replica/overlay.h"), testing::SizeIs(1));
  EXPECT_THAT(of_include("cache/sqlite/row.cpp", "queue/outbox.h"), testing::SizeIs(1));
  EXPECT_THAT(of_include("gateway/base/ids.cpp", "gateway/http/request.h"), testing::SizeIs(1));
  EXPECT_THAT(of_include("routes/rpc.cpp", "gateway/server/listener.h"), testing::SizeIs(1));
  EXPECT_THAT(of_include("queue/dispatcher.cpp", "gateway/identity/sessions.h"),
              testing::SizeIs(1));
  EXPECT_THAT(of_include("routes/rpc.cpp", "gateway/config/config.h"), testing::SizeIs(1));
}

TEST(ModuleRulesTest, OnlyTheProgramItselfKnowsItsCommands) {
  EXPECT_THAT(of_include("gateway/app/main.cpp", "gateway/cli/cli.h"), IsEmpty());
  EXPECT_THAT(of_include("gateway/app/wiring.cpp", "gateway/cli/cli.h"), testing::SizeIs(1));
}

TEST(ModuleRulesTest, ConfigKnowsOptionsOnly) {
  EXPECT_THAT(of_include("gateway/config/keys.cpp", "gateway/server/options.h"), IsEmpty());
  EXPECT_THAT(of_include("gateway/config/keys.cpp", "gateway/server/listener.h"),
              testing::SizeIs(1));
}

TEST(ModuleRulesTest, ProductionCodeIncludesNoTests) {
  EXPECT_THAT(of_include("queue/dispatcher.cpp", "tests/support/temp_dir.h"), testing::SizeIs(1));
}

TEST(ModuleRulesTest, TestsIncludeWhatTheirModuleMayAndTheSupport) {
  EXPECT_THAT(of_include("tests/queue/a_test.cpp", "queue/outbox.h"), IsEmpty());
  EXPECT_THAT(of_include("tests/queue/a_test.cpp", "cache/sqlite/database.h"), IsEmpty());
  EXPECT_THAT(of_include("tests/queue/a_test.cpp", "tests/support/temp_dir.h"), IsEmpty());
  EXPECT_THAT(of_include("tests/queue/a_test.cpp", "routes/status.h"), testing::SizeIs(1));
}

TEST(ModuleRulesTest, ForeignLibraryStaysAtHome) {
  EXPECT_THAT(violations("cache/sqlite/row.cpp", "#include <sqlite3.h>\n"), IsEmpty());
  EXPECT_THAT(violations("queue/dispatcher.cpp", "#include <sqlite3.h>\n"),
              ElementsAre(HasSubstr("whose home is cache/sqlite")));
  EXPECT_THAT(violations("routes/rpc.cpp", "#include \"boost/asio.hpp\"\n"), testing::SizeIs(1));
  EXPECT_THAT(violations("gateway/app/main.cpp", "#include <CLI/CLI.hpp>\n"), testing::SizeIs(1));
  EXPECT_THAT(violations("gateway/identity/jwt.cpp", "#include <openssl/evp.h>\n"),
              testing::SizeIs(1));
  EXPECT_THAT(violations("gateway/tray/qt_link.cpp", "#include <QNetworkReply>\n"), IsEmpty());
  EXPECT_THAT(violations("gateway/cli/tray.cpp", "#include <QMenu>\n"), testing::SizeIs(1));
}

TEST(ModuleRulesTest, ReadPathNamesNoSlowJson) {
  EXPECT_THAT(violations("cache/query/plan.cpp", "#include <nlohmann/json.hpp>\n"),
              testing::SizeIs(1));
  EXPECT_THAT(violations("cache/catalog/load.cpp", "#include <nlohmann/json.hpp>\n"), IsEmpty());
}

TEST(ModuleRulesTest, OwnHeaderComesFirst) {
  EXPECT_THAT(violations("queue/outbox.cpp", "#include <map>\n#include \"queue/outbox.h\"\n"),
              ElementsAre("queue/outbox.cpp: does not include queue/outbox.h first"));
  EXPECT_THAT(violations("queue/outbox.cpp", "#include \"queue/outbox.h\"\n"), IsEmpty());
}

TEST(ModuleRulesTest, OwnHeadersAreQuotedFromTheRoot) {
  EXPECT_THAT(violations("queue/dispatcher.cpp", "#include \"outbox.h\"\n"), testing::SizeIs(1));
  EXPECT_THAT(violations("queue/dispatcher.cpp", "#include <queue/outbox.h>\n"),
              testing::SizeIs(1));
}

}  // namespace
}  // namespace holdfast::architecture
