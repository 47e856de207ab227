#include "routes/write_request.h"

#include <gmock/gmock.h>

#include "cache/replica/mutation.h"
#include "routes/csv.h"
#include "tests/cache/replica/sample_catalog.h"

namespace holdfast::routes {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

class WriteRequestTest : public ::testing::Test {
 protected:
  Result<cache::Mutation> parse(const std::string& method, const std::string& target,
                                const std::string& body, const std::string& type = "") {
    http::Request request{method, "/rest/v1/" + target, {}, body};
    if (!type.empty()) request.headers.add("Content-Type", type);
    const auto name = target.substr(0, target.find('?'));
    return parse_mutation(request, *catalog_->find("public", name), {});
  }
  std::string code(const std::string& method, const std::string& target, const std::string& body) {
    const auto parsed = parse(method, target, body);
    return parsed ? "none" : parsed.error().code;
  }

  std::shared_ptr<const cache::Catalog> catalog_ = cache::sample::catalog();
};

TEST_F(WriteRequestTest, CsvLinesAreRowsOfTextAndNullIsNull) {
  const auto parsed = parse("POST", "todos", "id,title\r\n1,\"a \"\"b\"\", c\"\n2,NULL\n",
                            "text/csv; charset=utf-8");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->body.is_array);
  ASSERT_EQ(parsed->body.rows.size(), 2U);
  EXPECT_THAT(parsed->body.rows[0],
              ElementsAre(Pair("id", "\"1\""), Pair("title", R"("a \"b\", c")")));
  EXPECT_THAT(parsed->body.rows[1], ElementsAre(Pair("id", "\"2\""), Pair("title", "null")));
}

TEST_F(WriteRequestTest, CsvLinesOfDifferentLengthsAreRefused) {
  const auto parsed = parse("POST", "todos", "id,title\n1,a\n2\n", "text/csv");
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().code, "PGRST102");
  EXPECT_EQ(parsed.error().message, "All lines must have same number of fields");
  EXPECT_FALSE(parse_csv("a\n\"open"));
  EXPECT_FALSE(parse_csv(""));
}

TEST_F(WriteRequestTest, AFormIsOneRowOfText) {
  const auto parsed =
      parse("POST", "todos", "id=1&title=a+%26+b&title=last", "application/x-www-form-urlencoded");
  ASSERT_TRUE(parsed);
  EXPECT_FALSE(parsed->body.is_array);
  ASSERT_EQ(parsed->body.rows.size(), 1U);
  EXPECT_THAT(parsed->body.rows[0], ElementsAre(Pair("id", "\"1\""), Pair("title", "\"last\"")));
}

TEST_F(WriteRequestTest, APutIsAnUpsertOfTheRowThatItsFiltersName) {
  const auto parsed =
      parse("PUT", "todos?id=eq.2", R"([{"id":1,"title":"a"},{"id":2,"title":"b"}])");
  ASSERT_TRUE(parsed) << parsed.error().message;
  EXPECT_TRUE(parsed->single);
  EXPECT_EQ(parsed->resolution, cache::Resolution::kMergeDuplicates);
  ASSERT_EQ(parsed->body.rows.size(), 1U);
  EXPECT_EQ(parsed->body.rows[0][1].second, "\"b\"");
}

TEST_F(WriteRequestTest, APutOfAnythingElseIsRefusedInPostgrestsWords) {
  const char* body = R"({"id":1,"title":"a"})";
  EXPECT_EQ(code("PUT", "todos?id=eq.1&limit=1", body), "PGRST114");
  EXPECT_EQ(code("PUT", "todos?id=eq.1&offset=1", body), "PGRST114");
  EXPECT_EQ(code("PUT", "todos?title=eq.a", body), "PGRST105");
  EXPECT_EQ(code("PUT", "todos?id=gt.1", body), "PGRST105");
  EXPECT_EQ(code("PUT", "todos?id=eq.1&title=eq.a", body), "PGRST105");
  EXPECT_EQ(code("PUT", "todos", body), "PGRST105");
  EXPECT_EQ(code("PUT", "todos?or=(id.eq.1)", body), "PGRST105");
  EXPECT_EQ(code("PUT", "logs?line=eq.x", R"({"line":"x"})"), "PGRST105");
  EXPECT_EQ(code("PUT", "todos?id=eq.2", body), "PGRST115");
  EXPECT_EQ(code("PUT", "todos?id=eq.01", body), "none");
  EXPECT_EQ(code("PUT", "todos?id=eq.1", body), "none");
}

TEST_F(WriteRequestTest, ColumnsThatTheTableDoesNotHaveAreFoundBeforeAnythingElse) {
  EXPECT_EQ(code("POST", "logs?columns=nothing", R"({"line":"x"})"), "PGRST204");
  EXPECT_EQ(code("PATCH", "todos?id=eq.1", R"({"nothing":1})"), "PGRST204");
  EXPECT_EQ(code("POST", "todos?columns=nothing", "[]"), "PGRST204");
  EXPECT_EQ(code("POST", "todos?columns=id", R"({"id":1,"nothing":1})"), "none");
}

}  // namespace
}  // namespace holdfast::routes
