#include <gmock/gmock.h>

#include "cache/catalog/catalog.h"

namespace holdfast::cache {
namespace {

constexpr const char* kDocument = R"json({
  "version": 1, "schemas": ["public"], "something_new": [1],
  "schema_comments": {"public": "the shop"},
  "tables": [{
    "schema": "public", "name": "orders", "kind": "table", "row_security": true,
    "columns": [
      {"name": "id", "type": "bigint", "nullable": false, "identity": "a"},
      {"name": "Note", "type": "text", "default": "''::text", "byte_order": false, "comment": "c"},
      {"name": "state", "type": "mood", "type_schema": "kinds", "enum": ["sad", "ok"], "generated": "s", "generation_expression": "f(id)"},
      {"name": "price", "type": "money_amount", "domain_base_type": "numeric(10,2)",
       "custom_casts": true, "origin": ["private", "prices", "amount"]}],
    "primary_key": {"name": "orders_pkey", "columns": ["id"]},
    "unique": [{"name": "two", "columns": ["state", "id"]}],
    "foreign_keys": [{"name": "fk", "columns": ["id"], "ref_schema": "private",
      "ref_table": "prices", "ref_columns": ["key"], "on_update": "set null",
      "on_delete": "cascade", "set_on_delete": ["id"]}],
    "triggers": [{"name": "stamp", "on": ["insert", "update"]},
      {"name": "audit", "on": ["delete"], "before": false}],
    "checks": [{"name": "positive", "expression": "(price > 0)"}],
    "accepts": ["insert", "delete"],
    "privileges": {"anon": ["select"], "authenticated": ["select", "insert"]}}],
  "functions": [{"schema": "public", "name": "f", "volatility": "stable", "returns": "orders",
    "returns_set": true, "roles": ["anon"], "arguments": [{"name": "a", "type": "integer", "default": true},
    {"name": "o", "type": "orders", "row_of": ["public", "orders"]}]}]
})json";

std::string message_of(std::string_view document) {
  const auto catalog = parse_catalog(document);
  return catalog ? "" : catalog.error().message;
}

TEST(CatalogDocument, EveryPartIsRead) {
  const auto catalog = parse_catalog(kDocument);
  ASSERT_TRUE(catalog) << catalog.error().message;
  const Table& table = *catalog->find("public", "orders");
  EXPECT_TRUE(table.row_security);
  EXPECT_EQ(table.columns[0].identity, Identity::kAlways);
  EXPECT_FALSE(table.columns[0].nullable);
  EXPECT_EQ(table.columns[1].storage_name, "^Note");
  EXPECT_FALSE(table.columns[1].byte_order);
  EXPECT_EQ(table.columns[1].default_expression, "''::text");
  EXPECT_EQ(table.columns[2].type.kind, TypeKind::kEnum);
  EXPECT_EQ(table.columns[2].generated, Generated::kStored);
  EXPECT_EQ(table.columns[2].generation_expression, "f(id)");
  EXPECT_EQ(table.columns[3].type.kind, TypeKind::kNumeric);
  EXPECT_EQ(table.columns[3].domain, "money_amount");
  EXPECT_TRUE(table.columns[3].custom_casts);
  EXPECT_EQ(table.columns[3].origin->table, "prices");
  EXPECT_THAT(table.unique[0].columns, testing::ElementsAre(2, 0));
  EXPECT_EQ(table.foreign_keys[0].on_update, ReferentialAction::kSetNull);
  EXPECT_EQ(table.foreign_keys[0].on_delete, ReferentialAction::kCascade);
  EXPECT_THAT(table.foreign_keys[0].set_on_delete, testing::ElementsAre(0));
  EXPECT_TRUE(table.triggers[0].on_update);
  EXPECT_FALSE(table.triggers[0].on_delete);
  EXPECT_TRUE(table.triggers[0].before) << "an older document does not say";
  EXPECT_FALSE(table.triggers[1].before);
  EXPECT_EQ(table.checks[0].expression, "(price > 0)");
  EXPECT_THAT(table.privileges.at("authenticated"), testing::ElementsAre("select", "insert"));
  const Function& function = catalog->functions().at(0);
  EXPECT_TRUE(function.arguments[0].has_default);
  EXPECT_EQ(function.arguments[1].row_of->table, "orders");
  EXPECT_EQ(function.volatility, Volatility::kStable);
  EXPECT_TRUE(function.returns_set);
  EXPECT_THAT(*function.roles, testing::ElementsAre("anon"));
  EXPECT_TRUE(table.insertable && table.deletable && !table.updatable);
  EXPECT_EQ(table.columns[2].type_schema, "kinds");
  EXPECT_EQ(catalog->schema_comments().at("public"), "the shop");
}

TEST(CatalogDocument, PrintedCatalogParsesToTheSame) {
  const auto catalog = parse_catalog(kDocument);
  ASSERT_TRUE(catalog);
  const std::string printed = print_catalog(*catalog);
  const auto again = parse_catalog(printed);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(print_catalog(*again), printed);
  EXPECT_EQ(again->hash(), catalog->hash());
  for (const char* const part :
       {"numeric(10,2)", "money_amount", "custom_casts", "sad", "set null", "stamp", "(price > 0)",
        "authenticated", "row_of", "kinds", "the shop", "''::text", "prices", "\"s\"", "\"a\""}) {
    EXPECT_THAT(printed, testing::HasSubstr(part));
  }
}

TEST(CatalogDocument, ErrorNamesThePlace) {
  EXPECT_EQ(
      message_of(R"({"tables":[{"schema":"a","name":"b","columns":[{"name":1,"type":"x"}]}]})"),
      "This is no catalog: tables[0].columns[0].name: a string is expected");
  EXPECT_EQ(message_of(R"({"tables":[{"name":"b"}]})"),
            "This is no catalog: tables[0].schema: a string is expected");
}

TEST(CatalogDocument, KeyOverAnUnknownColumnIsRefused) {
  EXPECT_EQ(message_of(R"({"tables":[{"schema":"a","name":"b","columns":[],
                          "primary_key":{"name":"k","columns":["c"]}}]})"),
            "This is no catalog: tables[0].primary_key.columns[0]: \"b\" has no column \"c\"");
}

TEST(CatalogDocument, ForeignKeyOfUnequalLengthsIsRefused) {
  EXPECT_THAT(message_of(R"({"tables":[{"schema":"a","name":"b","columns":[],"foreign_keys":[
      {"name":"k","columns":[],"ref_schema":"a","ref_table":"b","ref_columns":["x"]}]}]})"),
              testing::HasSubstr("foreign_keys[0]"));
}

TEST(CatalogDocument, KeyWithoutColumnsIsRefused) {
  EXPECT_THAT(message_of(R"({"tables":[{"schema":"a","name":"b","columns":[],
                          "primary_key":{"name":"k","columns":[]}}]})"),
              testing::HasSubstr("tables[0].primary_key: columns of the key are expected"));
}

TEST(CatalogDocument, SecondColumnOfOneNameIsRefused) {
  EXPECT_THAT(message_of(R"({"tables":[{"schema":"a","name":"b","columns":[
                          {"name":"c","type":"text"},{"name":"c","type":"text"}]}]})"),
              testing::HasSubstr("tables[0].columns[1]: a second column of this name"));
}

TEST(CatalogDocument, WhatIsNoCatalogIsRefused) {
  for (const char* const text : {"", "no json", "[]", "{}", "null", R"({"tables":{}})",
                                 R"({"version":2,"tables":[]})", R"({"tables":[1]})"}) {
    const auto catalog = parse_catalog(text);
    ASSERT_FALSE(catalog) << text;
    EXPECT_EQ(catalog.error().code, "HF400");
    EXPECT_EQ(catalog.error().kind, ErrorKind::kInvalidRequest);
  }
}

}  // namespace
}  // namespace holdfast::cache
