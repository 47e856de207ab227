#include "cache/catalog/openapi_source.h"

#include <gtest/gtest.h>

#include "tests/cache/catalog/openapi_document.h"

namespace holdfast::cache {
namespace {

class OpenApiSourceTest : public ::testing::Test {
 protected:
  const Table& table(const std::string& name) const { return *catalog_.find("public", name); }
  const Column& column(const std::string& relation, const std::string& name) const {
    return *table(relation).find_column(name);
  }
  std::string default_of(const std::string& relation, const std::string& name) const {
    return column(relation, name).default_expression.value_or("(none)");
  }
  std::string key_of(const std::string& relation) const {
    std::string text;
    if (!table(relation).primary_key) return "(none)";
    for (const std::size_t index : table(relation).primary_key->columns) {
      text += (text.empty() ? "" : ",") + table(relation).columns[index].name;
    }
    return text;
  }
  // "name(column,…)->table(column,…)" of each foreign key.
  std::vector<std::string> foreign_keys(const std::string& relation) const {
    std::vector<std::string> texts;
    for (const ForeignKey& key : table(relation).foreign_keys) {
      std::string text = key.name + "(";
      for (const std::size_t index : key.columns) text += table(relation).columns[index].name + ",";
      text += ")->" + key.ref_table + "(";
      for (const auto& name : key.ref_columns) text += name + ",";
      texts.push_back(text + ")");
    }
    return texts;
  }
  static std::string refusal(const std::string& body) {
    const auto catalog = catalog_of_openapi({{"public", body}});
    return catalog ? "taken" : catalog.error().code;
  }

  const Catalog catalog_ = catalog_of_openapi({{"public", kOpenApiDocument}}).value();
};

using Texts = std::vector<std::string>;

TEST_F(OpenApiSourceTest, RelationsHaveTheirColumnsInOrderWithTypesAndNullability) {
  EXPECT_EQ(catalog_.tables().size(), 8U);
  Texts shown;
  for (const Column& each : table("orders").columns) {
    shown.push_back(each.name + " " + each.type.name + (each.nullable ? "" : " not null"));
  }
  EXPECT_EQ(shown, (Texts{"id uuid not null", "code text not null", "amount numeric not null",
                          "paid boolean not null", "tags text[] not null", "extra jsonb",
                          "seller uuid", "day date", "lines integer"}));
  EXPECT_EQ(column("teams", "name").type.name, "character varying(40)");
  EXPECT_EQ(column("team_members", "role").type.labels, (Texts{"owner", "member"}));
  EXPECT_EQ(column("team_members", "role").type.name, "member_role");
  EXPECT_EQ(column("team_members", "role").type_schema, "public");
}

TEST_F(OpenApiSourceTest, CommentsAreWithoutTheNotesOnKeys) {
  EXPECT_EQ(table("teams").comment, "Who works together\n\nOne row each");
  EXPECT_EQ(column("profiles", "full_name").comment, "As printed on cards");
  EXPECT_EQ(column("member_notes", "team").comment, "Whose");
  EXPECT_EQ(column("member_notes", "id").comment, "");
}

TEST_F(OpenApiSourceTest, KeysComeFromTheMarksOfTheirColumns) {
  EXPECT_EQ(key_of("teams"), "id");
  EXPECT_EQ(key_of("team_members"), "team_id,profile_id");
  EXPECT_EQ(key_of("logs"), "(none)");
  EXPECT_EQ(foreign_keys("team_members"),
            (Texts{"team_members_profile_id_fkey(profile_id,)->profiles(id,)",
                   "team_members_team_id_fkey(team_id,)->teams(id,)"}));
  // Both columns lead to one key of two; the third leads out of what is described.
  EXPECT_EQ(foreign_keys("member_notes"),
            (Texts{"member_notes_team_profile_fkey(team,profile,)->team_members(team_id,"
                   "profile_id,)"}));
}

TEST_F(OpenApiSourceTest, OnlyWhatIsProvablyATableIsOne) {
  EXPECT_FALSE(table("teams").is_view());
  EXPECT_FALSE(table("logs").is_view());
  EXPECT_TRUE(table("totals").is_view());
  // It shows a key, which is not NOT NULL: PostgREST says so of views.
  EXPECT_TRUE(table("open_orders").is_view());
  EXPECT_TRUE(table("open_orders").insertable);
  EXPECT_FALSE(table("totals").insertable);
}

TEST_F(OpenApiSourceTest, DefaultsAreLiteralsExpressionsOrNotKnown) {
  EXPECT_EQ(default_of("orders", "code"), "'it''s new'");
  EXPECT_EQ(default_of("orders", "amount"), "0");
  EXPECT_EQ(default_of("orders", "paid"), "false");
  EXPECT_EQ(default_of("orders", "seller"), "auth.uid()");
  EXPECT_EQ(default_of("orders", "day"), "CURRENT_DATE");
  EXPECT_EQ(default_of("team_members", "role"), "'member'");
  EXPECT_EQ(default_of("teams", "created_at"), "now()");
  // An array's or a sequence's default is not shown, so that none is not none.
  for (const char* name : {"tags", "extra", "lines", "id"}) {
    EXPECT_EQ(default_of("orders", name), "hidden_default()") << name;
  }
  EXPECT_EQ(column("orders", "lines").identity, Identity::kNo);
  EXPECT_EQ(column("teams", "id").identity, Identity::kByDefault);
}

TEST_F(OpenApiSourceTest, WhatIsNotToldCountsAsTheWorst) {
  EXPECT_TRUE(catalog_.is_partial());
  ASSERT_EQ(table("orders").triggers.size(), 1U);
  EXPECT_TRUE(table("orders").triggers[0].on_delete);
  EXPECT_TRUE(table("orders").row_security);
  EXPECT_FALSE(column("orders", "code").byte_order);
  EXPECT_TRUE(catalog_.functions().empty());
  EXPECT_TRUE(table("orders").privileges.empty());
}

TEST_F(OpenApiSourceTest, ItsPartialityIsKeptWithTheDocument) {
  const auto again = parse_catalog(print_catalog(catalog_));
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->is_partial());
  EXPECT_EQ(again->hash(), catalog_.hash());
}

TEST_F(OpenApiSourceTest, EachSchemaHasADescriptionOfItsOwn) {
  const auto two = catalog_of_openapi(
      {{"public", kOpenApiDocument},
       {"stock", R"({"swagger":"2.0","definitions":{"items":{"required":["id"],"properties":
         {"id":{"format":"uuid","type":"string","description":"Note:\nThis is a Primary Key.<pk/>"}
         }}}})"}});
  ASSERT_TRUE(two);
  EXPECT_EQ(two->schemas(), (Texts{"public", "stock"}));
  EXPECT_NE(two->find("stock", "items"), nullptr);
  EXPECT_EQ(two->tables().size(), 9U);
}

TEST_F(OpenApiSourceTest, ADocumentWithoutDefinitionsCountsAsAbsent) {
  EXPECT_EQ(refusal(R"({"swagger":"2.0","paths":{},"definitions":{}})"), "HF400");
  EXPECT_EQ(refusal(R"({"swagger":"2.0","info":{"title":"x"}})"), "HF400");
  EXPECT_EQ(refusal(R"({"openapi":"3.0.0","definitions":{"a":{}}})"), "HF400");
  EXPECT_EQ(refusal("<html></html>"), "HF400");
  EXPECT_EQ(refusal("[]"), "HF400");
}

TEST_F(OpenApiSourceTest, ADocumentOfAnotherShapeIsNoFault) {
  for (const char* definitions :
       {R"({"t":7})", R"({"t":{"required":"id","properties":[1]}})",
        R"({"t":{"required":[1],"properties":{"a":1,"b":{"format":3,"enum":"x","default":{}}}}})",
        R"({"t":{"properties":{"a":{"description":"<fk table='","format":"text"}}}})"}) {
    refusal(std::string(R"({"swagger":"2.0","paths":[],"definitions":)") + definitions + "}");
  }
}

}  // namespace
}  // namespace holdfast::cache
