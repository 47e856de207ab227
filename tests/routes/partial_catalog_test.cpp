// What a schema known from its OpenAPI description alone lets be answered here.

#include "cache/catalog/openapi_source.h"
#include "tests/cache/catalog/openapi_document.h"
#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

class PartialCatalogTest : public RoutesTest {
 protected:
  PartialCatalogTest() {
    auto catalog = cache::catalog_of_openapi({{"public", cache::kOpenApiDocument}});
    use(std::make_shared<const cache::Catalog>(*std::move(catalog)));
    put("teams", R"([{"id":1,"name":"a","created_at":"2026-01-01T00:00:00+00:00"}])");
    put("team_members",
        R"([{"team_id":1,"profile_id":"00000000-0000-4000-8000-000000000001","role":"owner"}])");
    go_online();
  }
  // The upstream's answer comes through.
  void expect_forwarded(const std::string& target) {
    upstream_.push(200, R"(["upstream"])");
    const auto response = rest("GET", target);
    EXPECT_EQ(response.body, R"(["upstream"])") << target;
  }
};

TEST_F(PartialCatalogTest, PlainReadsAreAnsweredHere) {
  EXPECT_EQ(rest("GET", "teams?select=id,name&id=eq.1&order=id").body, R"([{"id":1,"name":"a"}])");
  EXPECT_EQ(rest("GET", "team_members?select=role&role=eq.owner").body, R"([{"role":"owner"}])");
  EXPECT_TRUE(upstream_.calls().empty());
}

TEST_F(PartialCatalogTest, EmbedsAndWhatDoesNotExistHereAreTheUpstreams) {
  expect_forwarded("teams?select=id,team_members(role)");
  expect_forwarded("team_members?select=role,teams(name)");
  expect_forwarded("teams?select=computed_name");
  expect_forwarded("teams?computed_name=eq.x");
  expect_forwarded("unseen?select=id");
  expect_forwarded("teams?order=name");
}

TEST_F(PartialCatalogTest, OfflineNothingIsSaidNotToExist) {
  go_offline();
  upstream_.set_offline(true);
  EXPECT_EQ(rest("GET", "teams?select=id").status, 200);
  EXPECT_EQ(rest("GET", "teams?select=computed_name").status, 504);
  EXPECT_EQ(rest("GET", "teams?select=id,team_members(role)").status, 504);
  EXPECT_EQ(rest("GET", "unseen?select=id").status, 504);
  EXPECT_EQ(rest("GET", "").status, 504);
}

TEST_F(PartialCatalogTest, AnUpsertByOtherColumnsThanTheKeyIsTheUpstreams) {
  upstream_.push(201, "");
  const auto online = rest("POST", "teams?on_conflict=name", R"({"name":"b"})",
                           {{"Prefer", "resolution=merge-duplicates"}});
  EXPECT_EQ(online.status, 201);
  EXPECT_EQ(upstream_.calls().size(), 1U);
  go_offline();
  upstream_.set_offline(true);
  EXPECT_EQ(rest("POST", "teams?on_conflict=name", R"({"name":"b"})",
                 {{"Prefer", "resolution=merge-duplicates"}})
                .status,
            504);
}

TEST_F(PartialCatalogTest, OfflineAnInsertIsQueuedWithAnIdOfItsOwn) {
  go_offline();
  upstream_.set_offline(true);
  EXPECT_EQ(rest("POST", "teams", R"({"name":"b"})").status, 201);
  EXPECT_EQ(depth(), 1);
  EXPECT_EQ(rest("GET", "teams?select=name&name=eq.b").body, R"([{"name":"b"}])");
}

}  // namespace
}  // namespace holdfast::routes
