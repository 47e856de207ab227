#include <gmock/gmock.h>

#include "cache/catalog/catalog.h"

namespace holdfast::cache {
namespace {

constexpr const char* kBundle = R"({
  "schema": "test",
  "tables": {
    "users": {"kind": "table", "triggers": 1,
      "anon_privileges": ["insert"],
      "columns": [
        {"name": "id", "type": "integer", "nullable": false, "anon_select": true},
        {"name": "tint", "type": "color", "domain_base_type": "integer"},
        {"name": "search", "type": "outer_domain", "domain_base_type": "inner_domain"},
        {"name": "plain", "type": "inner_domain", "domain_base_type": "tsvector"}],
      "primary_key": {"name": "users_pkey", "columns": ["id"]},
      "unique": [], "foreign_keys": [], "rows": [{"id": 1}]},
    "sales_2021": {"kind": "table", "is_partition": true, "columns": []},
    "sales": {"kind": "partitioned table", "columns": [{"name": "id", "type": "integer"}]},
    "stars": {"kind": "view", "definition": "SELECT", "columns": [
      {"name": "articleId", "type": "integer", "origin": ["private", "article_stars", "article_id"]},
      {"name": "userId", "type": "integer", "origin": ["private", "article_stars", "user_id"]},
      {"name": "loud", "type": "text"}]},
    "above": {"kind": "view", "columns": [
      {"name": "id", "type": "integer", "origin": ["test", "stars", "userId"]},
      {"name": "loud", "type": "text", "origin": ["test", "stars", "loud"]}]},
    "circle": {"kind": "view", "columns": [
      {"name": "id", "type": "integer", "origin": ["test", "circle", "id"]}]}
  },
  "computed": [{"function": "anti_id", "schema": "test", "table": "users", "returns": "bigint",
    "setof": false}],
  "custom_casts": [{"source": "color", "target": "json"}],
  "other_schema_keys": [
    {"schema": "private", "table": "article_stars", "type": "p",
     "columns": ["article_id", "user_id"]},
    {"schema": "private", "table": "pages", "type": "u", "columns": ["link"]},
    {"schema": "test", "table": "users", "type": "p", "columns": ["id"]}],
  "other_schema_foreign_keys": [{"schema": "private", "table": "article_stars", "name": "user",
    "columns": ["user_id"], "ref_schema": "test", "ref_table": "users", "ref_columns": ["id"]}]
})";

class BundleTest : public testing::Test {
 protected:
  void SetUp() override {
    auto catalog = catalog_of_bundle(kBundle);
    ASSERT_TRUE(catalog) << catalog.error().message;
    catalog_ = *std::move(catalog);
  }

  Catalog catalog_;
};

TEST_F(BundleTest, RelationsTakeTheBundlesSchema) {
  ASSERT_NE(catalog_.find("test", "users"), nullptr);
  EXPECT_TRUE(catalog_.find("test", "users")->exposed);
  EXPECT_EQ(catalog_.find("test", "stars")->kind, TableKind::kView);
  EXPECT_EQ(catalog_.find("test", "sales")->kind, TableKind::kTable);
}

TEST_F(BundleTest, PartitionsAreNotRelationsOfTheApi) {
  EXPECT_EQ(catalog_.find("test", "sales_2021"), nullptr);
}

TEST_F(BundleTest, TablesBehindViewsAreKeptWithTheirKeysButNotExposed) {
  const Table* const stars = catalog_.find("private", "article_stars");
  ASSERT_NE(stars, nullptr);
  EXPECT_FALSE(stars->exposed);
  EXPECT_EQ(stars->find_column("article_id")->type.kind, TypeKind::kInt4);
  EXPECT_THAT(stars->primary_key->columns, testing::ElementsAre(*stars->column_index("article_id"),
                                                                *stars->column_index("user_id")));
  ASSERT_EQ(stars->foreign_keys.size(), 1U);
  EXPECT_EQ(stars->foreign_keys[0].ref_table, "users");
  EXPECT_EQ(catalog_.find("private", "pages")->unique.size(), 1U);
}

TEST_F(BundleTest, OriginLeadsThroughViewsToTheTable) {
  const auto& origin = catalog_.find("test", "above")->find_column("id")->origin;
  ASSERT_TRUE(origin.has_value());
  EXPECT_EQ(origin->schema + "." + origin->table + "." + origin->column,
            "private.article_stars.user_id");
  EXPECT_FALSE(catalog_.find("test", "above")->find_column("loud")->origin.has_value());
  EXPECT_FALSE(catalog_.find("test", "circle")->find_column("id")->origin.has_value());
}

TEST_F(BundleTest, ServedTablesKeyIsNotTakenTwice) {
  EXPECT_TRUE(catalog_.find("test", "users")->unique.empty());
  EXPECT_EQ(catalog_.find("test", "users")->primary_key->name, "users_pkey");
}

TEST_F(BundleTest, ColumnPrivilegeCountsAsThePrivilege) {
  EXPECT_THAT(catalog_.find("test", "users")->privileges.at("anon"),
              testing::UnorderedElementsAre("select", "insert"));
  EXPECT_TRUE(catalog_.find("test", "stars")->privileges.empty());
}

TEST_F(BundleTest, CountedTriggersMayFireAtAnyEvent) {
  const auto& triggers = catalog_.find("test", "users")->triggers;
  ASSERT_EQ(triggers.size(), 1U);
  EXPECT_TRUE(triggers[0].on_insert && triggers[0].on_update && triggers[0].on_delete);
}

TEST_F(BundleTest, DomainOverDomainIsItsBaseTypeAtTheEnd) {
  const Column& search = *catalog_.find("test", "users")->find_column("search");
  EXPECT_EQ(search.domain, "outer_domain");
  EXPECT_EQ(search.type.name, "tsvector");
  EXPECT_FALSE(search.custom_casts);
}

TEST_F(BundleTest, DomainWithACastToJsonIsMarked) {
  EXPECT_TRUE(catalog_.find("test", "users")->find_column("tint")->custom_casts);
}

TEST_F(BundleTest, ComputedColumnsAreFound) {
  EXPECT_NE(catalog_.find_computed(*catalog_.find("test", "users"), "anti_id"), nullptr);
}

TEST_F(BundleTest, ItsCatalogPrintsAndParses) {
  const std::string printed = print_catalog(catalog_);
  const auto again = parse_catalog(printed);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(print_catalog(*again), printed);
  EXPECT_FALSE(again->find("private", "article_stars")->exposed);
}

TEST(Bundle, WithoutASchemaIsRefused) {
  const auto catalog = catalog_of_bundle(R"({"tables":{}})");
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().message, "This is no catalog: schema: a string is expected");
}

}  // namespace
}  // namespace holdfast::cache
