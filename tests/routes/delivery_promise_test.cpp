#include "routes/delivery_promise.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

// Hard case 9: /status says per table what is exactly once here.
class DeliveryPromiseTest : public RoutesTest {
 protected:
  std::string promised(const char* table, bool companion = false,
                       const cache::TableOptions& options = {}) {
    const auto promise =
        delivery_promise(*store_->catalog().find("public", table), options, companion);
    return std::string(promise.insert) + " " + promise.update + " " + promise.remove;
  }
};

TEST_F(DeliveryPromiseTest, StatusSaysPerTableWhatIsExactlyOnceHere) {
  EXPECT_EQ(promised("todos"), "once once once");
  EXPECT_EQ(promised("counters"), "looked_for once asked");
  EXPECT_EQ(promised("logs"), "forwarded forwarded forwarded");
  cache::TableOptions through;
  through.writes = cache::WriteMode::kThrough;
  EXPECT_EQ(promised("todos", true, through), "forwarded forwarded forwarded");
  const auto status = nlohmann::json::parse(ask({"GET", "/status", {}, ""}).body);
  EXPECT_EQ(status["sync"]["tables"]["counters"]["exactly_once"]["insert"], "looked_for");
}

TEST_F(DeliveryPromiseTest, WithTheCompanionEveryKeyedWriteIsOnce) {
  EXPECT_EQ(promised("counters", true), "once once once");
  EXPECT_EQ(promised("logs", true), "forwarded forwarded forwarded");
}

// One that does not serve a schema promises nothing for its tables.
TEST_F(DeliveryPromiseTest, OnlyTheSchemasThatTheCompanionServesAreItsOwn) {
  const auto promised_now = [&] {
    const auto status = nlohmann::json::parse(ask({"GET", "/status", {}, ""}).body);
    return status["sync"]["tables"]["counters"]["exactly_once"]["insert"].get<std::string>();
  };
  companion_.note_found({.version = 6, .hook = true, .schemas = {"shop"}});
  EXPECT_EQ(promised_now(), "looked_for");
  companion_.note_found({.version = 6, .hook = true, .schemas = {"shop", "public"}});
  EXPECT_EQ(promised_now(), "once");
}

}  // namespace
}  // namespace holdfast::routes
