#include "routes/openapi.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace holdfast::routes {
namespace {

using cache::Catalog;
using nlohmann::json;

// A catalog as the database tells it.
constexpr const char* kDocument = R"json({
  "version": 1, "schemas": ["shop", "stock"],
  "schema_comments": {"shop": "The shop\n\nSells\nthings"},
  "tables": [
    {"schema": "shop", "name": "orders", "kind": "table", "comment": "Orders\n\nof all time",
     "privileges": {"anon": ["select"], "clerk": ["select", "insert"]},
     "columns": [
       {"name": "id", "type": "bigint", "nullable": false, "default": "nextval('x'::regclass)"},
       {"name": "customer", "type": "integer", "comment": "who", "default": "42"},
       {"name": "code", "type": "character varying(8)", "default": "'a b'::character varying"},
       {"name": "state", "type": "mood", "type_schema": "kinds", "enum": ["sad", "ok"],
        "default": "'ok'::mood"},
       {"name": "labels", "type": "text[]", "default": "'{}'::text[]"},
       {"name": "extra", "type": "jsonb", "nullable": false},
       {"name": "at", "type": "timestamp with time zone", "default": "now()"},
       {"name": "paid", "type": "boolean", "default": "false"}],
     "primary_key": {"name": "orders_pkey", "columns": ["id"]},
     "foreign_keys": [{"name": "fk", "columns": ["customer"], "ref_schema": "shop",
       "ref_table": "customers", "ref_columns": ["id"]}]},
    {"schema": "shop", "name": "customers", "kind": "table", "privileges": {"clerk": ["select"]},
     "columns": [{"name": "id", "type": "integer", "nullable": false}],
     "primary_key": {"name": "customers_pkey", "columns": ["id"]}},
    {"schema": "shop", "name": "order_view", "kind": "view", "accepts": [],
     "privileges": {"anon": ["select"]},
     "columns": [{"name": "number", "type": "bigint", "origin": ["shop", "orders", "id"]},
                 {"name": "who", "type": "integer", "origin": ["shop", "orders", "customer"]}]},
    {"schema": "stock", "name": "items", "kind": "table", "privileges": {"anon": ["select"]},
     "columns": [{"name": "id", "type": "integer"}]}],
  "functions": [
    {"schema": "shop", "name": "total", "volatility": "stable", "returns": "integer",
     "roles": ["anon"], "comment": "Sums\nup", "arguments": [
       {"name": "year", "type": "integer"}, {"name": "tags", "type": "text[]", "default": true},
       {"name": "more", "type": "integer[]", "variadic": true, "default": true}]},
    {"schema": "shop", "name": "pay", "volatility": "volatile", "returns": "void", "arguments": []},
    {"schema": "shop", "name": "secret", "volatility": "stable", "roles": ["clerk"],
     "arguments": []},
    {"schema": "shop", "name": "stamp", "returns": "trigger", "arguments": []},
    {"schema": "shop", "name": "full_name", "volatility": "stable", "arguments": [
       {"name": "", "type": "customers", "row_of": ["shop", "customers"]}]},
    {"schema": "shop", "name": "raw", "volatility": "volatile", "arguments": [
       {"name": "", "type": "json"}]}]
})json";

class OpenApiTest : public ::testing::Test {
 protected:
  static json document(const std::string& role = "anon", const std::string& schema = "shop") {
    const auto catalog = cache::parse_catalog(kDocument);
    if (!catalog) throw std::runtime_error(catalog.error().message);
    return json::parse(openapi_document(*catalog, schema, role, {false, "localhost:54321"}));
  }
  static json property(const char* table, const char* column, const std::string& role = "anon") {
    return document(role)["definitions"][table]["properties"][column];
  }
};

TEST_F(OpenApiTest, TheHeadSaysWhoseApiItIsAndWhere) {
  const json api = document();
  EXPECT_EQ(api["swagger"], "2.0");
  EXPECT_EQ(api["info"]["title"], "The shop");
  EXPECT_EQ(api["info"]["description"], "Sells\nthings");
  EXPECT_EQ(api["host"], "localhost:54321");
  EXPECT_EQ(api["schemes"], json::array({"http"}));
  EXPECT_EQ(document("anon", "stock")["info"]["title"], "PostgREST API");
}

TEST_F(OpenApiTest, OnlyWhatTheRoleHasGrantsOnIsShown) {
  const json api = document();
  EXPECT_TRUE(api["paths"].contains("/orders"));
  EXPECT_FALSE(api["paths"].contains("/customers"));
  EXPECT_FALSE(api["definitions"].contains("customers"));
  EXPECT_FALSE(api["parameters"].contains("body.customers"));
  EXPECT_FALSE(api["paths"].contains("/items")) << "another schema";
  EXPECT_FALSE(api["paths"].contains("/rpc/secret"));
  EXPECT_TRUE(document("clerk")["paths"].contains("/rpc/secret"));
  EXPECT_TRUE(document("clerk")["definitions"].contains("customers"));
  EXPECT_TRUE(document("anon", "stock")["paths"].contains("/items"));
}

TEST_F(OpenApiTest, ColumnsTellTypeKeysDefaultsAndLength) {
  EXPECT_EQ(property("orders", "id"),
            json::parse(R"({"description":"Note:\nThis is a Primary Key.<pk/>",)"
                        R"("format":"int64","type":"integer"})"));
  EXPECT_EQ(property("orders", "code"),
            json::parse(R"({"format":"character varying","type":"string","maxLength":8,)"
                        R"("default":"a b"})"));
  EXPECT_EQ(property("orders", "state"),
            json::parse(R"({"format":"kinds.mood","type":"string","enum":["sad","ok"],)"
                        R"("default":"ok"})"));
  EXPECT_EQ(property("orders", "labels"),
            json::parse(R"({"format":"text[]","type":"array","items":{"type":"string"}})"));
  EXPECT_EQ(property("orders", "extra"), json::parse(R"({"format":"jsonb"})"));
  EXPECT_EQ(property("orders", "at")["default"], "now()");
  EXPECT_EQ(property("orders", "paid")["default"], false);
  EXPECT_EQ(property("orders", "customer")["default"], 42);
  EXPECT_EQ(document()["definitions"]["orders"]["required"], json::array({"id", "extra"}));
}

TEST_F(OpenApiTest, ForeignKeysAndViewsKeysAreNoted) {
  EXPECT_EQ(property("orders", "customer")["description"],
            "who\n\nNote:\nThis is a Foreign Key to `customers.id`."
            "<fk table='customers' column='id'/>");
  EXPECT_EQ(property("order_view", "number")["description"], "Note:\nThis is a Primary Key.<pk/>");
  EXPECT_EQ(property("order_view", "who")["description"],
            "Note:\nThis is a Foreign Key to `customers.id`.<fk table='customers' column='id'/>");
  EXPECT_FALSE(document()["definitions"]["order_view"].contains("required"));
}

TEST_F(OpenApiTest, ATablesPathHasItsMethodsAndParameters) {
  const json path = document()["paths"]["/orders"];
  EXPECT_EQ(path["get"]["summary"], "Orders");
  EXPECT_EQ(path["get"]["description"], "of all time");
  EXPECT_EQ(path["get"]["tags"], json::array({"orders"}));
  EXPECT_EQ(path["get"]["parameters"][0]["$ref"], "#/parameters/rowFilter.orders.id");
  EXPECT_EQ(path["get"]["parameters"].back()["$ref"], "#/parameters/preferCount");
  EXPECT_EQ(path["get"]["responses"]["200"]["schema"],
            json::parse(R"({"type":"array","items":{"$ref":"#/definitions/orders"}})"));
  EXPECT_EQ(path["post"]["parameters"],
            json::parse(R"([{"$ref":"#/parameters/body.orders"},{"$ref":"#/parameters/select"},)"
                        R"({"$ref":"#/parameters/preferPost"}])"));
  EXPECT_EQ(path["post"]["responses"]["201"]["description"], "Created");
  EXPECT_TRUE(path.contains("patch") && path.contains("delete"));
  EXPECT_EQ(document()["paths"]["/order_view"].size(), 1U) << "a view that takes nothing";
  EXPECT_EQ(document()["parameters"]["rowFilter.orders.customer"],
            json::parse(R"({"name":"customer","description":"who","required":false,)"
                        R"("in":"query","type":"string"})"));
}

TEST_F(OpenApiTest, AFunctionsPathFollowsItsVolatilityAndArguments) {
  const json paths = document()["paths"];
  const json total = paths["/rpc/total"];
  EXPECT_EQ(total["get"]["summary"], "Sums");
  EXPECT_EQ(total["get"]["parameters"][0],
            json::parse(R"({"name":"year","required":true,"in":"query","type":"integer",)"
                        R"("format":"int32"})"));
  EXPECT_EQ(total["get"]["parameters"][1]["type"], "string") << "arrays are given in braces";
  EXPECT_EQ(total["get"]["parameters"][2],
            json::parse(R"({"name":"more","required":false,"in":"query","type":"array",)"
                        R"("collectionFormat":"multi",)"
                        R"("items":{"type":"integer","format":"int32"}})"));
  EXPECT_EQ(total["post"]["parameters"][0]["schema"]["required"], json::array({"year"}));
  EXPECT_FALSE(paths["/rpc/pay"].contains("get"));
  EXPECT_FALSE(paths["/rpc/pay"]["post"]["parameters"][0]["schema"].contains("required"));
}

TEST_F(OpenApiTest, WhatCannotBeCalledIsNoFunctionOfTheApi) {
  const json paths = document()["paths"];
  EXPECT_FALSE(paths.contains("/rpc/stamp"));
  EXPECT_FALSE(paths.contains("/rpc/full_name"));
  EXPECT_TRUE(paths.contains("/rpc/raw"));
}

}  // namespace
}  // namespace holdfast::routes
