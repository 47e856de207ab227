#include <gmock/gmock.h>

#include "tests/routes/fixture.h"

namespace holdfast::routes {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

class RestRootTest : public RoutesTest {
 protected:
  http::Response root(http::Headers headers = {}, const std::string& method = "GET") {
    return rest(method, "", "", std::move(headers));
  }
  void cut() {
    upstream_.set_offline(true);
    go_offline();
  }
};

TEST_F(RestRootTest, OnlineItIsTheUpstreamsOwn) {
  upstream_.push(200, "{\"swagger\":\"2.0\"}", {{"Content-Type", "application/openapi+json"}});
  const auto answer = root();
  EXPECT_EQ(answer.body, "{\"swagger\":\"2.0\"}");
  EXPECT_THAT(header(answer, "Cache-Status"), StartsWith("holdfast; fwd=miss"));
}

TEST_F(RestRootTest, OfflineItIsMadeFromTheCatalog) {
  cut();
  const auto answer = root({{"Accept", "application/openapi+json"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(header(answer, "Content-Type"), "application/openapi+json; charset=utf-8");
  EXPECT_THAT(answer.body, HasSubstr("\"/todos\""));
  const auto head = root({}, "HEAD");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.body, "");
  EXPECT_EQ(header(head, "Content-Length"), "(none)");
}

TEST_F(RestRootTest, TheRequestThatFindsTheUpstreamGoneIsAnsweredToo) {
  go_online();
  upstream_.set_offline(true);
  connectivity_.failed(upstream::Loss::kNotSent, clock_.monotonic());
  EXPECT_EQ(root().status, 200);
}

TEST_F(RestRootTest, OtherTypesAndMethodsAreRefused) {
  const auto type = root({{"Accept", "text/csv"}});
  EXPECT_EQ(type.status, 406);
  EXPECT_THAT(type.body, HasSubstr("None of these media types are available: text/csv"));
  const auto method = root({}, "POST");
  EXPECT_EQ(method.status, 405);
  EXPECT_THAT(method.body, HasSubstr("PGRST117"));
  const auto profile = root({{"Accept-Profile", "unknown"}});
  EXPECT_EQ(profile.status, 406);
  EXPECT_THAT(profile.body, HasSubstr("Only the following schemas are exposed: public"));
}

TEST_F(RestRootTest, TheQueryIsReadBeforeTheRelationIsLookedFor) {
  cut();
  const auto code = [&](const std::string& method, const std::string& target) {
    const auto answer = rest(method, target);
    return std::to_string(answer.status) + answer.body.substr(8, 9);
  };
  for (const char* relation : {"", "todos", "unknown"}) {
    for (const char* method : {"GET", "OPTIONS"}) {
      EXPECT_EQ(code(method, std::string(relation) + "?select=id,"), "400\"PGRST100") << relation;
      EXPECT_EQ(code(method, std::string(relation) + "?limit=-1"), "416\"PGRST103") << relation;
    }
  }
}

TEST_F(RestRootTest, OptionsSayWhatARelationTakes) {
  EXPECT_EQ(header(root({}, "OPTIONS"), "Allow"), "OPTIONS,GET,HEAD");
  EXPECT_EQ(header(rest("OPTIONS", "todos"), "Allow"), "OPTIONS,GET,HEAD,POST,PUT,PATCH,DELETE");
  EXPECT_EQ(header(rest("OPTIONS", "logs"), "Allow"), "OPTIONS,GET,HEAD,POST,PATCH,DELETE")
      << "without a key nothing can be put";
  auto tables = cache::sample::tables();
  cache::Table view = cache::sample::table("v", cache::sample::columns({{"id", "integer"}}), {});
  view.kind = cache::TableKind::kView;
  view.columns[0].origin = cache::ColumnOrigin{"public", "todos", "id"};
  view.deletable = false;
  tables.push_back(view);
  view.name = "w";
  view.insertable = view.updatable = false;
  tables.push_back(view);
  use(std::make_shared<const cache::Catalog>(std::move(tables), std::vector<cache::Function>{},
                                             std::vector<std::string>{"public"}));
  EXPECT_EQ(header(rest("OPTIONS", "v"), "Allow"), "OPTIONS,GET,HEAD,POST,PUT,PATCH");
  EXPECT_EQ(header(rest("OPTIONS", "w"), "Allow"), "OPTIONS,GET,HEAD");
  cut();
  EXPECT_EQ(rest("OPTIONS", "unknown").status, 404);
}

}  // namespace
}  // namespace holdfast::routes
