#include "cache/catalog/catalog.h"

#include <gmock/gmock.h>

#include <cctype>
#include <set>

namespace holdfast::cache {
namespace {

Table make_table(std::string schema, std::string name, const std::vector<std::string>& columns) {
  Table table;
  table.schema = std::move(schema);
  table.name = std::move(name);
  for (const std::string& column : columns) {
    table.columns.emplace_back();
    table.columns.back().name = column;
    table.columns.back().type = make_type("text");
  }
  return table;
}

Function make_function(std::string name, std::optional<RelationName> row_of) {
  Function function;
  function.schema = "test";
  function.name = std::move(name);
  function.arguments.emplace_back();
  function.arguments.back().row_of = std::move(row_of);
  return function;
}

std::string ascii_lower(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

TEST(StorageName, LowerCaseNameIsItself) {
  EXPECT_EQ(storage_name("order_items"), "order_items");
  EXPECT_EQ(storage_name("größe \"x\""), "größe \"x\"");
}

TEST(StorageName, NamesThatDifferOnlyByCaseStayApartInSqlite) {
  const std::vector<std::string> names = {
      "ab",  "AB",      "Ab",    "aB",    "^ab",  "^^ab",     "^Ab",       "rowid",   "^rowid",
      "oid", "_rowid_", "ROWID", "Rowid", "^^Ab", "sqlite_x", "^sqlite_x", "Sqlite_x"};
  std::set<std::string> stored;
  for (const std::string& name : names) stored.insert(ascii_lower(storage_name(name)));
  EXPECT_EQ(stored.size(), names.size());
}

TEST(StorageName, NamesThatSqliteKeepsAreNeverUsed) {
  for (const char* const name : {"rowid", "oid", "_rowid_", "sqlite_master", "RowID", "SQLITE_x"}) {
    const std::string stored = ascii_lower(storage_name(name));
    EXPECT_NE(stored, ascii_lower(name));
    EXPECT_FALSE(stored.starts_with("sqlite_"));
  }
}

TEST(Catalog, RelationsOfTwoSchemasNeverShareAReplicaTable) {
  const Catalog catalog(
      {make_table("a", "b", {}), make_table("A", "b", {}), make_table("a.b", "c", {}),
       make_table("a", "b.c", {}), make_table("sqlite_a", "b", {})},
      {});
  std::set<std::string> stored;
  for (const Table& table : catalog.tables()) {
    stored.insert(ascii_lower(table.storage_name));
    EXPECT_FALSE(table.storage_name.starts_with("sqlite_"));
  }
  EXPECT_EQ(stored.size(), 5U);
}

TEST(Catalog, FindTellsSchemasAndDotsApart) {
  const Catalog catalog({make_table("a.b", "c", {"x"}), make_table("a", "b.c", {"y"})}, {});
  ASSERT_NE(catalog.find("a.b", "c"), nullptr);
  EXPECT_EQ(catalog.find("a.b", "c")->columns[0].name, "x");
  EXPECT_EQ(catalog.find("a", "b.c")->columns[0].name, "y");
  EXPECT_EQ(catalog.find("a", "c"), nullptr);
  EXPECT_EQ(catalog.find("a.b", "C"), nullptr);
}

TEST(Catalog, OnlyTablesOfServedSchemasAreExposed) {
  const Catalog catalog({make_table("public", "a", {}), make_table("private", "b", {})}, {},
                        {"public"});
  EXPECT_TRUE(catalog.find("public", "a")->exposed);
  EXPECT_FALSE(catalog.find("private", "b")->exposed);
}

TEST(Catalog, WithoutServedSchemasEverySchemaIsServed) {
  const Catalog catalog({make_table("one", "a", {}), make_table("two", "b", {})}, {});
  EXPECT_TRUE(catalog.find("two", "b")->exposed);
  EXPECT_THAT(catalog.schemas(), testing::ElementsAre("one", "two"));
}

TEST(Catalog, ColumnsAreFoundByTheirExactName) {
  Table table = make_table("public", "t", {"id", "Id"});
  table.primary_key = Key{"t_pkey", {1}};
  EXPECT_EQ(table.column_index("Id"), 1U);
  EXPECT_EQ(table.column_index("ID"), std::nullopt);
  EXPECT_EQ(table.find_column("id"), table.columns.data());
  EXPECT_TRUE(table.is_key(1));
  EXPECT_FALSE(table.is_key(0));
}

TEST(Catalog, ComputedColumnIsTheFunctionOverThatTablesRowOnly) {
  const Function over_items = make_function("label", RelationName{"test", "items"});
  const Function over_others = make_function("label", RelationName{"test", "others"});
  const Function plain = make_function("plain", std::nullopt);
  const Catalog catalog({make_table("test", "items", {}), make_table("test", "third", {})},
                        {over_others, over_items, plain});
  EXPECT_EQ(catalog.find_computed(*catalog.find("test", "items"), "label"),
            &catalog.functions()[1]);
  EXPECT_EQ(catalog.find_computed(*catalog.find("test", "items"), "plain"), nullptr);
  EXPECT_EQ(catalog.find_computed(*catalog.find("test", "third"), "label"), nullptr);
}

TEST(Catalog, HashChangesWithAColumnAndOnlyThen) {
  const Catalog before({make_table("public", "t", {"id"})}, {});
  const Catalog same({make_table("public", "t", {"id"})}, {});
  const Catalog after({make_table("public", "t", {"id", "added"})}, {});
  EXPECT_EQ(before.hash(), same.hash());
  EXPECT_NE(before.hash(), after.hash());
  EXPECT_EQ(before.hash().size(), 16U);
}

}  // namespace
}  // namespace holdfast::cache
