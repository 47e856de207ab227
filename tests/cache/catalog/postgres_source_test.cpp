#include "cache/catalog/postgres_source.h"

#include <gmock/gmock.h>

#include <chrono>

#include "tests/cache/catalog/sample_schema.h"
#include "tests/support/postgres.h"

namespace holdfast::cache {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

constexpr const char* kLines = "Order.Lines \"x\" ü";

class PostgresSourceTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    cluster_ = new test::PostgresCluster();
    cluster_->run(kSampleSchema);
    auto catalog = read_catalog_from_postgres(cluster_->url(), {"app"});
    if (!catalog) throw std::runtime_error(describe(catalog.error()));
    catalog_ = new Catalog(*std::move(catalog));
  }
  static void TearDownTestSuite() {
    delete catalog_;
    delete cluster_;
  }

  static const Table& table(std::string_view name) {
    const Table* const found = catalog_->find("app", name);
    if (found == nullptr) throw std::runtime_error("no relation " + std::string(name));
    return *found;
  }
  static const Column& column(std::string_view relation, std::string_view name) {
    const Column* const found = table(relation).find_column(name);
    if (found == nullptr) throw std::runtime_error("no column " + std::string(name));
    return *found;
  }
  static std::string origin(std::string_view relation, std::string_view name) {
    const auto& found = column(relation, name).origin;
    return found ? found->schema + " " + found->table + " " + found->column : "";
  }
  static std::vector<std::string> names(const Table& of, const std::vector<std::size_t>& columns) {
    std::vector<std::string> names;
    for (const std::size_t index : columns) names.push_back(of.columns.at(index).name);
    return names;
  }
  static const ForeignKey& foreign_key(std::string_view relation, std::string_view name) {
    for (const ForeignKey& key : table(relation).foreign_keys) {
      if (key.name == name) return key;
    }
    throw std::runtime_error("no foreign key " + std::string(name));
  }
  static std::vector<const Function*> functions(std::string_view name) {
    std::vector<const Function*> found;
    for (const Function& function : catalog_->functions()) {
      if (function.name == name) found.push_back(&function);
    }
    return found;
  }

  static test::PostgresCluster* cluster_;
  static Catalog* catalog_;
};

test::PostgresCluster* PostgresSourceTest::cluster_ = nullptr;
Catalog* PostgresSourceTest::catalog_ = nullptr;

TEST_F(PostgresSourceTest, EveryKindOfRelationIsListedButPartitionsAreNot) {
  EXPECT_EQ(table("customers").kind, TableKind::kTable);
  EXPECT_EQ(table("parted").kind, TableKind::kTable);
  EXPECT_EQ(table("plain_view").kind, TableKind::kView);
  EXPECT_EQ(table("stored_view").kind, TableKind::kMaterializedView);
  EXPECT_TRUE(table("empty_table").columns.empty());
  EXPECT_EQ(catalog_->find("app", "parted_low"), nullptr);
  EXPECT_THAT(catalog_->schemas(), ElementsAre("app"));
}

TEST_F(PostgresSourceTest, ColumnsKeepTheirOrderTypesAndModifiers) {
  const Table& lines = table(kLines);
  ASSERT_EQ(lines.columns.size(), 8U);
  EXPECT_EQ(lines.columns[0].name, "Order Id");
  EXPECT_EQ(lines.columns[2].type.name, "numeric(12,3)");
  EXPECT_EQ(column("customers", "email").type.name, "character varying(80)");
  EXPECT_EQ(column("customers", "born").type.name, "timestamp(3) with time zone");
  EXPECT_EQ(column("customers", "tags").type.kind, TypeKind::kArray);
  EXPECT_FALSE(column("customers", "email").nullable);
  EXPECT_TRUE(column("customers", "full_name").nullable);
}

TEST_F(PostgresSourceTest, DefaultsIdentityAndGeneratedColumnsAreTold) {
  EXPECT_EQ(column("customers", "id").identity, Identity::kAlways);
  EXPECT_EQ(column("customers", "number").identity, Identity::kByDefault);
  EXPECT_EQ(column("customers", "full_name").default_expression, "('none'::text || chr(10))");
  EXPECT_EQ(column(kLines, "mood").default_expression, "'ok'::mood");
  EXPECT_EQ(column(kLines, "total").generated, Generated::kStored);
  EXPECT_EQ(column(kLines, "total").default_expression, std::nullopt);
  EXPECT_EQ(column(kLines, "total").generation_expression, "(price * (2)::numeric)");
  EXPECT_EQ(column(kLines, "price").generated, Generated::kNo);
}

TEST_F(PostgresSourceTest, DefaultsReadTheSameInEveryTimeZone) {
  cluster_->run("alter database postgres set timezone = 'America/New_York'");
  const auto elsewhere = read_catalog_from_postgres(cluster_->url(), {"app"});
  cluster_->run("alter database postgres reset timezone");
  ASSERT_TRUE(elsewhere);
  EXPECT_EQ(column("customers", "born").default_expression,
            "'1999-12-31 22:00:00+00'::timestamp with time zone");
  Catalog here = *elsewhere;
  here.set_sessions(catalog_->sessions());
  EXPECT_EQ(here.hash(), catalog_->hash());
}

TEST_F(PostgresSourceTest, EnumLabelsComeInSortOrder) {
  EXPECT_THAT(column(kLines, "mood").type.labels,
              ElementsAre("sad", "so, so \"quoted\"", "ok", "happy"));
  EXPECT_EQ(column(kLines, "feeling").type.kind, TypeKind::kEnum);
  EXPECT_EQ(column(kLines, "feeling").domain, "feeling");
}

TEST_F(PostgresSourceTest, DomainIsItsBaseTypeWithTheRulesOfTheWholeChain) {
  const Column& fee = column(kLines, "fee");
  EXPECT_EQ(fee.domain, "fee");
  EXPECT_EQ(fee.type.name, "numeric(10,2)");
  EXPECT_FALSE(fee.nullable);
  std::vector<std::string> checks;
  for (const Check& check : table(kLines).checks) checks.push_back(check.name);
  EXPECT_THAT(checks, ElementsAre("Price, positive", "amount_check", "fee_check"));
  EXPECT_EQ(table(kLines).checks[0].expression, "(price > (0)::numeric)");
}

TEST_F(PostgresSourceTest, OnlyADomainWithCastsToJsonIsMarked) {
  EXPECT_TRUE(column(kLines, "tint").custom_casts);
  EXPECT_FALSE(column(kLines, "fee").custom_casts);
  EXPECT_FALSE(column("customers", "tags").custom_casts);
}

TEST_F(PostgresSourceTest, ByteOrderFollowsTheColumnsCollationElseTheDatabases) {
  EXPECT_TRUE(column("customers", "note_c").byte_order);
  EXPECT_FALSE(column("customers", "note_icu").byte_order);
  EXPECT_TRUE(column("customers", "full_name").byte_order);  // the cluster's is C.UTF-8
  EXPECT_TRUE(column("customers", "id").byte_order);
}

TEST_F(PostgresSourceTest, HardCase22_AnotherOrderIsNamedByProviderLocaleAndVersion) {
  EXPECT_THAT(column("customers", "note_icu").collation,
              ::testing::MatchesRegex("icu/[a-zA-Z-]+/[0-9.]+"));
  EXPECT_EQ(column("customers", "note_c").collation, "");
}

TEST_F(PostgresSourceTest, TheCasesOfLettersAreNoMatterOfTheirOrder) {
  cluster_->run("create database cased template template0 lc_collate 'C' lc_ctype 'C.UTF-8'");
  cluster_->run("create table t (a text, b text collate \"C\")", "cased");
  const auto catalog = read_catalog_from_postgres(cluster_->url("cased"), {"public"});
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_EQ(catalog->find("public", "t")->columns[0].letters, "");
  EXPECT_EQ(catalog->find("public", "t")->columns[1].letters, "C");
}

TEST_F(PostgresSourceTest, TextInADatabaseWithIcuOrderIsNotInByteOrder) {
  cluster_->run(
      "create database icu template template0 locale_provider icu icu_locale 'und' "
      "locale 'C.UTF-8'");
  cluster_->run("create table t (a text, b text collate \"C\", c int)", "icu");
  const auto catalog = read_catalog_from_postgres(cluster_->url("icu"), {"public"});
  ASSERT_TRUE(catalog) << catalog.error().message;
  const Table& found = *catalog->find("public", "t");
  EXPECT_FALSE(found.columns[0].byte_order);
  EXPECT_THAT(found.columns[0].collation, ::testing::MatchesRegex("icu/und/[0-9.]+"));
  EXPECT_TRUE(found.columns[1].byte_order);
  EXPECT_TRUE(found.columns[2].byte_order);
}

TEST_F(PostgresSourceTest, CompositeKeysKeepTheConstraintsOrder) {
  const Table& lines = table(kLines);
  EXPECT_THAT(names(lines, lines.primary_key->columns), ElementsAre("line.no", "Order Id"));
  ASSERT_EQ(lines.unique.size(), 1U);
  EXPECT_EQ(lines.unique[0].name, "pair");
  EXPECT_THAT(names(lines, lines.unique[0].columns), ElementsAre("Order Id", "price"));
  EXPECT_FALSE(table("notes").primary_key.has_value());
}

TEST_F(PostgresSourceTest, ForeignKeysTellColumnsInPairsAndTheirActions) {
  const ForeignKey& to_line = foreign_key("notes", "to_line");
  EXPECT_THAT(names(table("notes"), to_line.columns), ElementsAre("order_id", "line"));
  EXPECT_EQ(to_line.ref_table, kLines);
  EXPECT_THAT(to_line.ref_columns, ElementsAre("Order Id", "line.no"));
  EXPECT_EQ(to_line.on_update, ReferentialAction::kCascade);
  EXPECT_EQ(to_line.on_delete, ReferentialAction::kRestrict);
  EXPECT_EQ(foreign_key("notes", "to_customer").on_update, ReferentialAction::kSetDefault);
  EXPECT_EQ(foreign_key("notes", "to_customer").on_delete, ReferentialAction::kNoAction);
  EXPECT_EQ(foreign_key("customers", "customers_invited_by_fkey").ref_table, "customers");
  EXPECT_EQ(table("parted").foreign_keys.size(), 1U);
  EXPECT_EQ(table("refers").foreign_keys.size(), 1U);  // and not one more for the partition
}

TEST_F(PostgresSourceTest, TableOfAnotherSchemaIsKnownWhereSomethingLeadsToIt) {
  const ForeignKey& key = foreign_key("customers", "customers_vault_id_fkey");
  EXPECT_EQ(key.ref_schema, "private");
  EXPECT_EQ(key.on_delete, ReferentialAction::kSetNull);
  const Table* const vault = catalog_->find("private", "vault");
  ASSERT_NE(vault, nullptr);
  EXPECT_FALSE(vault->exposed);
  EXPECT_THAT(names(*vault, vault->primary_key->columns), ElementsAre("id"));
  EXPECT_EQ(catalog_->find("private", "unrelated"), nullptr);
}

TEST_F(PostgresSourceTest, ViewColumnsNameTheTableColumnTheyShow) {
  EXPECT_EQ(origin("plain_view", "E-Mail {x}"), "app customers email");
  EXPECT_EQ(origin("plain_view", "id"), "app customers id");
  EXPECT_EQ(origin("plain_view", "loud"), "");
  EXPECT_EQ(origin("vault_view", "secret"), "private vault secret");
  EXPECT_EQ(origin("stored_view", "number"), "app customers number");
  EXPECT_THAT(table("plain_view").definition, HasSubstr("FROM customers"));
}

TEST_F(PostgresSourceTest, OriginIsFoundThroughViewsJoinsAndCommonTables) {
  EXPECT_EQ(origin("view_of_view", "Id"), "app customers id");
  EXPECT_EQ(origin("view_of_view", "full_name"), "app customers full_name");
  EXPECT_EQ(origin("view_of_view", "loud"), "");
  EXPECT_EQ(origin("with_cte", "id"), "app customers id");
  EXPECT_EQ(origin("with_cte", "newest"), "");
  EXPECT_EQ(origin("with_cte", "vault_id"), "app customers vault_id");
  EXPECT_EQ(origin("with_cte", "odd"), "");
  EXPECT_EQ(origin("united", "id"), "");
}

TEST_F(PostgresSourceTest, TriggersAreToldByEventUnlessDisabled) {
  const auto& triggers = table("customers").triggers;
  ASSERT_EQ(triggers.size(), 2U);
  EXPECT_EQ(triggers[0].name, "gone");
  EXPECT_TRUE(triggers[0].on_delete && !triggers[0].on_insert && !triggers[0].on_update);
  EXPECT_EQ(triggers[1].name, "stamp");
  EXPECT_TRUE(triggers[1].on_insert && triggers[1].on_update && !triggers[1].on_delete);
  EXPECT_TRUE(triggers[1].before && !triggers[0].before);
}

TEST_F(PostgresSourceTest, PrivilegesAreThoseThatTheRoleEffectivelyHas) {
  const auto& customers = table("customers").privileges;
  EXPECT_THAT(customers.at("authenticated"), ElementsAre("select", "insert"));
  EXPECT_THAT(customers.at("anon"), ElementsAre("select"));
  EXPECT_FALSE(customers.contains("nobody"));
  EXPECT_THAT(table(kLines).privileges.at("authenticated"), ElementsAre("update"));
  EXPECT_THAT(table("notes").privileges.at("anon"), ElementsAre("select"));
  EXPECT_THAT(customers.at("postgres"), ElementsAre("select", "insert", "update", "delete"));
  // Granted, but out of reach without USAGE on the schema.
  EXPECT_FALSE(catalog_->find("private", "vault")->privileges.contains("anon"));
}

TEST_F(PostgresSourceTest, RowSecurityAndCommentsAreTold) {
  EXPECT_TRUE(table("customers").row_security);
  EXPECT_FALSE(table("notes").row_security);
  EXPECT_EQ(table("customers").comment, "Who buys");
  EXPECT_EQ(column("customers", "email").comment, "Unique");
}

TEST_F(PostgresSourceTest, OverloadsKeepTheirArgumentsDefaultsAndResults) {
  const auto areas = functions("area");
  ASSERT_EQ(areas.size(), 2U);
  const Function& by_side = *areas[0];
  EXPECT_EQ(by_side.comment, "By side");
  EXPECT_TRUE(by_side.returns_set);
  EXPECT_EQ(by_side.returns, "customers");
  EXPECT_EQ(by_side.volatility, Volatility::kStable);
  const auto& arguments = areas[1]->arguments;
  ASSERT_EQ(arguments.size(), 3U);
  EXPECT_EQ(arguments[0].name, "w");
  EXPECT_FALSE(arguments[0].has_default);
  EXPECT_TRUE(arguments[1].has_default);
  EXPECT_TRUE(arguments[2].variadic && arguments[2].has_default);
  EXPECT_FALSE(arguments[1].variadic);
  EXPECT_EQ(areas[1]->volatility, Volatility::kImmutable);
}

TEST_F(PostgresSourceTest, WhoMayCallAFunctionIsTold) {
  const auto areas = functions("area");
  EXPECT_THAT(*areas.at(0)->roles, Contains("authenticated"));
  EXPECT_THAT(*areas.at(0)->roles, Not(Contains("anon")));
  EXPECT_THAT(*areas.at(1)->roles, Contains("anon"));
}

TEST_F(PostgresSourceTest, WhatAViewTakesFollowsItsQueryAndTriggers) {
  const auto takes = [](const Table& relation) {
    return std::vector<bool>{relation.insertable, relation.updatable, relation.deletable};
  };
  EXPECT_THAT(takes(table("customers")), ElementsAre(true, true, true));
  EXPECT_THAT(takes(table("plain_view")), ElementsAre(true, true, true));
  EXPECT_THAT(takes(table("view_of_view")), ElementsAre(false, false, true));
  EXPECT_THAT(takes(table("stored_view")), ElementsAre(false, false, false));
}

TEST_F(PostgresSourceTest, TypesOfOtherSchemasThanPostgresOwnAreToldApart) {
  EXPECT_EQ(column(kLines, "mood").type_schema, "app");
  EXPECT_EQ(column(kLines, "fee").type_schema, "");
  EXPECT_EQ(column("customers", "tags").type_schema, "");
  EXPECT_EQ(catalog_->schema_comments().at("app"), "The shop");
}

TEST_F(PostgresSourceTest, AggregatesThatMakeAMediaTypeAreItsHandlers) {
  const auto& handlers = catalog_->media_handlers();
  ASSERT_EQ(handlers.size(), 2U);
  EXPECT_EQ(handlers[0].media_type, "*/*");
  EXPECT_FALSE(handlers[0].relation);
  EXPECT_EQ(handlers[1].media_type, "text/tab");
  EXPECT_EQ(handlers[1].relation->table, "customers");
}

TEST_F(PostgresSourceTest, OutputArgumentsAndProceduresAreLeftOut) {
  ASSERT_EQ(functions("split").size(), 1U);
  ASSERT_EQ(functions("split")[0]->arguments.size(), 1U);
  EXPECT_EQ(functions("split")[0]->arguments[0].name, "a");
  EXPECT_TRUE(functions("work").empty());
}

TEST_F(PostgresSourceTest, FunctionOverARowMakesAComputedColumnFromAnySchema) {
  const Function* const initials = catalog_->find_computed(table("customers"), "initials");
  ASSERT_NE(initials, nullptr);
  EXPECT_EQ(initials->schema, "public");
  EXPECT_TRUE(functions("elsewhere").empty());
}

TEST_F(PostgresSourceTest, PrintedCatalogParsesToTheSame) {
  const std::string printed = print_catalog(*catalog_);
  const auto again = parse_catalog(printed);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(print_catalog(*again), printed);
}

TEST_F(PostgresSourceTest, SeveralSchemasAreReadTogetherAndHardSchemaNamesToo) {
  const std::string hard = "A \"b\", {c}\\";
  cluster_->run(R"(create schema "A ""b"", {c}\"; create table "A ""b"", {c}\".t (id int))");
  const auto catalog = read_catalog_from_postgres(cluster_->url(), {"app", hard});
  cluster_->run(R"(drop schema "A ""b"", {c}\" cascade)");
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_THAT(catalog->schemas(), ElementsAre("app", hard));
  ASSERT_NE(catalog->find(hard, "t"), nullptr);
  EXPECT_TRUE(catalog->find(hard, "t")->exposed);
  EXPECT_NE(catalog->find("app", "notes"), nullptr);
}

TEST_F(PostgresSourceTest, SchemaWithoutAnythingGivesAnEmptyCatalog) {
  const auto catalog = read_catalog_from_postgres(cluster_->url(), {"no such schema"});
  ASSERT_TRUE(catalog) << catalog.error().message;
  EXPECT_TRUE(catalog->empty());
  EXPECT_THAT(catalog->schemas(), ElementsAre("no such schema"));
}

TEST_F(PostgresSourceTest, ServersRefusalKeepsItsSqlstate) {
  const auto catalog = read_catalog_from_postgres(
      cluster_->url(), {"app"}, {.statement_timeout = std::chrono::milliseconds(1)});
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().kind, ErrorKind::kUpstreamRejected);
  EXPECT_EQ(catalog.error().code, "57014");
}

TEST_F(PostgresSourceTest, UnknownDatabaseIsUnavailableInTheServersWords) {
  const auto catalog = read_catalog_from_postgres(cluster_->url("missing"), {"app"});
  ASSERT_FALSE(catalog);
  EXPECT_EQ(catalog.error().kind, ErrorKind::kUpstreamUnavailable);
  EXPECT_THAT(catalog.error().message, HasSubstr("database \"missing\" does not exist"));
  EXPECT_THAT(catalog.error().message, Not(HasSubstr("\n")));
}

TEST(PostgresSource, PasswordIsInNoError) {
  for (const char* const url :
       {"postgresql://app:fake-word@127.0.0.1:1/x", "postgresql://app:fake-word@127.0.0.1:port/x",
        "postgresql://app:fake-word@[::1/x", "host=127.0.0.1 port=1 password=fake-word x",
        "postgresql://127.0.0.1:1/fake-word?password=fake-word"}) {
    const auto catalog = read_catalog_from_postgres(url, {"app"});
    ASSERT_FALSE(catalog) << url;
    EXPECT_THAT(catalog.error().message, Not(HasSubstr("fake-word")));
  }
}

TEST(PostgresSource, RefusedConnectionAndUnreadableUrlAreToldApart) {
  const auto refused = read_catalog_from_postgres("postgresql://127.0.0.1:1/x", {"app"});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUpstreamUnavailable);
  EXPECT_THAT(refused.error().message, HasSubstr("Connection refused"));
  const auto unreadable = read_catalog_from_postgres("postgresql://[::1/x", {"app"});
  ASSERT_FALSE(unreadable);
  EXPECT_EQ(unreadable.error().kind, ErrorKind::kInvalidRequest);
}

}  // namespace
}  // namespace holdfast::cache
