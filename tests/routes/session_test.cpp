#include "routes/session.h"

#include <gmock/gmock.h>

#include "cache/values/codec.h"
#include "routes/write_request.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::routes {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

// What the settings of the upstream's sessions make of a request.
class SessionTest : public ::testing::Test {
 protected:
  void set(const std::string& role, const cache::Session& session) {
    auto sessions = catalog_.sessions();
    sessions[role] = session;
    catalog_.set_sessions(std::move(sessions));
  }
  cache::query::PlanOptions options(const Preferences& preferences = {}) const {
    cache::query::PlanOptions options;
    set_request_session(catalog_, http::Principal::anonymous(), preferences, options);
    return options;
  }
  // The todo that is posted, or the error's code.
  Result<cache::RawObject> written(const std::string& body,
                                   const Preferences& preferences = {}) const {
    const http::Request request{"POST", "/rest/v1/todos", {}, body};
    HF_TRY(auto mutation, parse_mutation(request, *catalog_.find("public", "todos"), preferences));
    HF_TRY_VOID(put_in_zone(catalog_, http::Principal::anonymous(), preferences, mutation));
    return mutation.body.rows.at(0);
  }

  cache::Catalog catalog_ = *cache::sample::catalog();
};

constexpr const char* kNoon = R"({"id":1,"updated_at":"2024-01-01 12:00"})";

// Promise 2: what is sent later, and row by row, means the moment that the app meant.
TEST_F(SessionTest, AMomentWithoutAZoneIsOneInThePreferredZone) {
  Preferences preferences;
  preferences.timezone = "America/New_York";
  EXPECT_THAT(*written(R"({"id":1,"updated_at":"2024-01-01 12:00","title":"2024-01-01 12:00"})",
                       preferences),
              ElementsAre(Pair("id", "1"), Pair("updated_at", R"("2024-01-01T17:00:00+00:00")"),
                          Pair("title", R"("2024-01-01 12:00")")));
  EXPECT_THAT(*written(R"({"id":1,"updated_at":"2024-01-01 12:00+02"})", preferences),
              ElementsAre(Pair("id", "1"), Pair("updated_at", R"("2024-01-01T10:00:00+00:00")")));
  preferences.timezone = "Nope/Zone";
  EXPECT_EQ(written(kNoon, preferences).error().code, "22023");
}

// ALTER DATABASE … SET timezone
TEST_F(SessionTest, AMomentWithoutAZoneIsOneInTheSessionsZone) {
  EXPECT_THAT(*written(kNoon),
              ElementsAre(Pair("id", "1"), Pair("updated_at", R"("2024-01-01 12:00")")));
  set("", {.timezone = "America/New_York"});
  EXPECT_THAT(*written(kNoon),
              ElementsAre(Pair("id", "1"), Pair("updated_at", R"("2024-01-01T17:00:00+00:00")")));
  set("", {.timezone = "Nope/Zone"});
  EXPECT_EQ(written(kNoon).error().code, cache::kForwardCode) << "a newer database of zones";
  EXPECT_TRUE(written(R"({"id":1,"title":"no moment"})"));
}

TEST_F(SessionTest, ARoleHasItsOwnSettingsAndARequestItsOwnZone) {
  EXPECT_EQ(options().timezone, "") << "UTC";
  set("", {.timezone = "utc"});
  EXPECT_EQ(options().timezone, "");
  set("", {.timezone = "Europe/Berlin", .text_search = "german"});
  EXPECT_EQ(options().timezone, "Europe/Berlin");
  EXPECT_EQ(options().text_search, "german");
  set("anon", {.timezone = "Asia/Tokyo"});
  EXPECT_EQ(options().timezone, "Asia/Tokyo");
  Preferences preferences;
  preferences.timezone = "UTC";
  EXPECT_EQ(options(preferences).timezone, "UTC");
}

}  // namespace
}  // namespace holdfast::routes
