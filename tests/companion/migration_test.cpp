#include "cache/catalog/catalog_sql.h"
#include "cache/catalog/postgres_script.h"
#include "cache/catalog/postgres_source.h"
#include "queue/companion.h"
#include "tests/companion/fixture.h"

namespace holdfast::companion {
namespace {

using MigrationTest = CompanionTest;

TEST_F(MigrationTest, CatalogQueryIsTheGatewaysOwn) {
  const std::string sql(cli::companion_sql());
  const std::string begin = "-- begin catalog.sql\n";
  const auto from = sql.find(begin) + begin.size();
  const auto to = sql.find("-- end catalog.sql\n");
  ASSERT_NE(to, std::string::npos);
  EXPECT_EQ(sql.substr(from, to - from), cache::catalog_sql())
      << "run companion/embed_catalog.sh after a change of cache/catalog/catalog.sql";
}

TEST_F(MigrationTest, CatalogFunctionGivesTheDocumentOfTheDirectRead) {
  const auto direct =
      cache::read_catalog_document_from_postgres(cluster_->url(database_), {"public"});
  ASSERT_TRUE(direct) << direct.error().message;
  EXPECT_EQ(query("select holdfast_catalog()"), *direct);
}

TEST_F(MigrationTest, AppsSeeOnlyTablesThatTheyCanReach) {
  const std::string names =
      "select string_agg(t->>'name', ' ' order by t->>'name')"
      " from jsonb_array_elements(holdfast_catalog()->'tables') t";
  EXPECT_EQ(query("begin; set local role anon; " + names), "items readings");
  EXPECT_EQ(query("begin; set local role service_role; " + names),
            "effects items readings secrets");
}

TEST_F(MigrationTest, SecondRunChangesNothing) {
  const std::string state =
      "select md5(string_agg(pg_get_functiondef(p.oid), '' order by p.oid)), count(*),"
      " (select string_agg(s::text, ' ' order by name) from holdfast.settings s),"
      " (select string_agg(c.oid::text || c.relacl::text, ' ' order by c.oid) from pg_class c"
      "    where relnamespace = 'holdfast'::regnamespace),"
      " (select string_agg(setconfig::text, ' ') from pg_db_role_setting where setdatabase ="
      "    (select oid from pg_database where datname = current_database()))"
      " from pg_proc p where pronamespace = 'holdfast'::regnamespace or proname like 'holdfast%'";
  push("ann", insertion(1, "before"));
  const std::string before = query(state);
  install();
  EXPECT_EQ(query(state), before);
  EXPECT_EQ(push("ann", insertion(1, "before"), "r->>'replayed'"), "true");
}

TEST_F(MigrationTest, InstalledOverTheConnectionAsTheCommandDoes) {
  cluster_->create_database(database_ + "_install");
  const std::string url = cluster_->url(database_ + "_install");
  const auto notices = cache::run_postgres_script(url, std::string(cli::companion_sql()));
  ASSERT_TRUE(notices) << notices.error().message;
  EXPECT_EQ(cache::query_postgres(url, "select value from holdfast.settings where name='version'")
                .value(),
            std::to_string(queue::kCompanionVersion));
}

TEST_F(MigrationTest, OtherSchemasGetTheFunctionsAndMayBeWrittenTo) {
  run("create schema \"my api\"; create table \"my api\".things(id integer primary key);"
      "grant usage on schema \"my api\" to authenticated;"
      "grant all on \"my api\".things to authenticated");
  run(cli::companion_sql_for({"my api", "public"}));
  EXPECT_EQ(query("select value from holdfast.settings where name = 'schemas'"),
            "{\"my api\",public}");
  EXPECT_EQ(query("begin; " +
                  as("ann", "select \"my api\".holdfast_push('[{\"key\":\"" + key(1) +
                                "\",\"op\":\"insert\",\"schema\":\"my api\",\"table\":\"things\","
                                "\"rows\":[{\"id\":1}]}]')->'results'->0->>'status'")),
            "201");
}

TEST_F(MigrationTest, HookThatWasThereBeforeIsCalledFirstAndGetsItsPlaceBack) {
  run("select public.holdfast_uninstall();"
      "create table seen(path text); grant insert on seen to public;"
      "create function public.check_request() returns void language sql as"
      " $$ insert into public.seen values (current_setting('request.path', true)) $$;"
      "alter role authenticator set pgrst.db_pre_request = 'public.check_request'");
  install();
  install();
  run("begin; set local request.path = '/items'; select holdfast.pre_request(); commit");
  EXPECT_EQ(query("select path from seen"), "/items");
  run("select public.holdfast_uninstall()");
  EXPECT_EQ(query("select setconfig from pg_db_role_setting where setrole = "
                  "'authenticator'::regrole and setdatabase = 0"),
            "{pgrst.db_pre_request=public.check_request}");
  run("alter role authenticator reset all");
}

constexpr const char* kHook =
    "select setting from pg_db_role_setting, unnest(setconfig) as setting where setdatabase ="
    " (select oid from pg_database where datname = current_database())";

TEST_F(MigrationTest, AHookThatIsNotFoundIsNotPassedOver) {
  run("select public.holdfast_uninstall(); create schema api;"
      "create function api.check_request() returns void language sql as 'select 1 / 0';"
      "create function public.check_request(wanted integer) returns void language sql as 'select';"
      "alter role authenticator set pgrst.db_pre_request = 'check_request'");
  EXPECT_THROW(install(), std::runtime_error);
  EXPECT_EQ(query(kHook), "");
  // Beside one with arguments it is found all the same.
  run("create function public.check_request() returns void language sql as 'select 1 / 0'");
  install();
  EXPECT_THROW(run("select holdfast.pre_request()"), std::runtime_error);
  run("alter role authenticator reset all");
}

// As the API calls it: every argument may have a default, and a schema be found by the path.
TEST_F(MigrationTest, AHookStaysCalledHoweverItIsFound) {
  run("select public.holdfast_uninstall(); create schema api;"
      "create function api.check_request(strict boolean default true) returns void language sql"
      " as 'select 1 / 0'; alter role authenticator set pgrst.db_pre_request = 'check_request'");
  run("set search_path = api, public;" + std::string(cli::companion_sql()));
  EXPECT_THROW(run("select holdfast.pre_request()"), std::runtime_error);
  install();
  EXPECT_THROW(run("select holdfast.pre_request()"), std::runtime_error);
  run("drop function api.check_request; create function api.check_request(x text) returns void"
      " language sql as 'select'");
  EXPECT_THROW(install(), std::runtime_error);
  run("alter role authenticator reset all");
}

TEST_F(MigrationTest, AHookThatIsGoneIsNoLongerCalledAndNotSetAgain) {
  run("select public.holdfast_uninstall();"
      "create function public.once() returns void language sql as 'select';"
      "alter role authenticator set pgrst.db_pre_request = 'public.once'");
  install();
  run("drop function public.once()");
  install();
  run("select holdfast.pre_request()");
  run("alter role authenticator reset all");
  run("select public.holdfast_uninstall()");
  EXPECT_EQ(query(kHook), "");
}

TEST_F(MigrationTest, UninstallLeavesAHookThatWasSetSince) {
  run("do $$ begin execute format('alter role authenticator in database %I"
      " set pgrst.db_pre_request = %L', current_database(), 'public.later'); end $$");
  run("select public.holdfast_uninstall()");
  EXPECT_EQ(query(kHook), "pgrst.db_pre_request=public.later");
}

// CVE-2007-2138: what runs as its owner must not find a session's own types first.
TEST_F(MigrationTest, TypesOfASessionAreNotTakenForThoseOfTheSystem) {
  run("create table proof(who text)");
  run(R"sql(
    set role anon;
    create function pg_temp.note(value pg_catalog.text) returns boolean language plpgsql as $$
      begin insert into public.proof values (current_user); return true;
      exception when insufficient_privilege then return true; end $$;
    create domain pg_temp.text as pg_catalog.text check (pg_temp.note(value));
    create domain pg_temp.oid as pg_catalog.oid check (pg_temp.note(value::pg_catalog.text));
    select holdfast.setting('version'), holdfast.lineage(), public.holdfast_changes();
  )sql");
  EXPECT_EQ(query("select count(*) from proof"), "0");
  EXPECT_EQ(query("select string_agg(proname, ' ') from pg_proc"
                  " where pronamespace = 'holdfast'::regnamespace and prosecdef"
                  " and 'search_path=pg_catalog, pg_temp' <> all (coalesce(proconfig, '{}'))"),
            "");
}

TEST_F(MigrationTest, AnotherListOfSchemasReplacesTheFirst) {
  run("create schema api; create table api.things(id integer primary key)");
  const std::string functions =
      "select string_agg(distinct pronamespace::regnamespace::text, ' ')"
      " from pg_proc where proname like 'holdfast\\_%'";
  run(cli::companion_sql_for({"api"}));
  EXPECT_EQ(query(functions), "api");
  EXPECT_EQ(query("select count(*) from pg_trigger where tgname = 'holdfast_changes'"
                  " and tgrelid = 'api.things'::regclass"),
            "1");
  run(cli::companion_sql_for({"public"}));
  EXPECT_EQ(query(functions), "public");
  EXPECT_EQ(query("select value from holdfast.settings where name = 'schemas'"), "{public}");
  run("select public.holdfast_uninstall()");
  EXPECT_EQ(query(functions), "");
}

TEST_F(MigrationTest, UninstallLeavesNothing) {
  run("select public.holdfast_uninstall()");
  EXPECT_EQ(query("select count(*) from pg_proc where proname like 'holdfast%'"), "0");
  EXPECT_EQ(query("select to_regnamespace('holdfast') is null"), "t");
  EXPECT_EQ(query("select count(*) from pg_db_role_setting where setdatabase ="
                  " (select oid from pg_database where datname = current_database())"),
            "0");
}

TEST_F(MigrationTest, NobodyOfTheApiReadsKeysOrUninstalls) {
  EXPECT_THROW(run("begin; set local role authenticated; select * from holdfast.applied"),
               std::runtime_error);
  EXPECT_THROW(run("begin; set local role service_role; select * from holdfast.settings"),
               std::runtime_error);
  EXPECT_THROW(run("begin; set local role authenticated; select public.holdfast_uninstall()"),
               std::runtime_error);
}

std::string with_key(const std::string& header, const std::string& sql) {
  return "set local request.headers = '{\"idempotency-key\":\"" + header + "\"}'; " + sql;
}

TEST_F(MigrationTest, HookNotesKeyInTheTransactionOfTheWrite) {
  const std::string call = with_key(key(7), "select holdfast.pre_request(); ");
  run("begin; " + as("ann", call) + "rollback");
  EXPECT_EQ(query("select count(*) from holdfast.applied"), "0");
  run("begin; " + as("ann", call) + "commit");
  EXPECT_THROW(run("begin; " + as("ann", call) + "commit"), std::runtime_error);
  // Another user's key is another key.
  run("begin; " + as("bob", call) + "commit");
  EXPECT_EQ(query("select string_agg(subject, ' ' order by subject) from holdfast.applied"),
            "sub:ann sub:bob");
}

TEST_F(MigrationTest, HookReturnsAtOnceWhereItHasNothingToDo) {
  run("begin; " + as("ann", with_key("one of the app", "select holdfast.pre_request(); ")) +
      "commit");
  run("begin; " + as("ann", with_key("hf1:no-uuid", "select holdfast.pre_request(); ")) + "commit");
  run("begin; set local transaction_read_only = on; " +
      as("ann", with_key(key(1), "select holdfast.pre_request(); ")) + "commit");
  EXPECT_EQ(query("select count(*) from holdfast.applied"), "0");
}

TEST_F(MigrationTest, OldKeysAreForgotten) {
  push("ann", insertion(1, "old") + "," + insertion(2, "new"));
  run("update holdfast.applied set at = now() - interval '91 days' where key::text like '%1'");
  run("do $$ begin for i in 1..1000 loop perform holdfast.sweep(); end loop; end $$");
  EXPECT_EQ(query("select count(*) from holdfast.applied"), "1");
}

}  // namespace
}  // namespace holdfast::companion
