#include "gateway/crypto/digest.h"
#include "tests/companion/changes_fixture.h"

namespace holdfast::companion {
namespace {

TEST_F(ChangesTest, RowsComeAsTheCallerSeesThemAndGoneOnesAsNull) {
  const std::string start = position();
  run(item(1, "ann") + item(2, "ann") + "delete from items where name = 'item 2'");
  const json seen = changes(user("ann"), start);
  EXPECT_EQ(lines(seen), "items {\"id\":\"" + id(1) + "\"}, items {\"id\":\"" + id(2) + "\"}");
  const json& part = seen["rows"][0];
  EXPECT_EQ(part["table"], "items");
  for (std::size_t i = 0; i < 2; ++i) {
    if (part["keys"][i] == R"({"id": ")" + id(2) + "\"}") {
      EXPECT_TRUE(part["rows"][i].is_null());
    } else {
      EXPECT_EQ(part["rows"][i], R"({"id":")" + id(1) + R"(","name":"item 1","owner":"ann"})");
    }
  }
  EXPECT_EQ(lines(changes(user("ann"), seen["log"]["cursor"])), "");
}

TEST_F(ChangesTest, HardCase18OldAndNewOwnerSeeTheKeyAndNobodyElse) {
  run(item(1, "ann") + item(2, "bob"));
  const std::string start = position();
  run("update items set owner = 'bob' where id = '" + id(1) + "';" +
      "update items set name = 'other' where id = '" + id(2) + "'");
  EXPECT_EQ(lines("ann", start), "items {\"id\":\"" + id(1) + "\"}");
  EXPECT_EQ(lines("bob", start),
            "items {\"id\":\"" + id(1) + "\"}, items {\"id\":\"" + id(2) + "\"}");
  EXPECT_EQ(lines("eve", start), "");
  EXPECT_EQ(lines(changes("set local role anon;", start)), "") << "no policy is for this role";
}

TEST_F(ChangesTest, HardCase18WithoutAnOwnerRuleOnlyTheBlockIsShown) {
  run("create table teams(member text);"
      "create policy team on items for select to authenticated"
      " using (owner in (select member from teams)); grant select on teams to authenticated");
  const std::string start = position();
  run(item(1, "ann"));
  EXPECT_EQ(lines("ann", start), "items block 000");
  EXPECT_EQ(lines("eve", start), "items block 000");
  EXPECT_EQ(query("select count(key), count(block) from holdfast.changes"
                  " where relation = 'items'::regclass"),
            "0|1")
      << "what is not kept cannot leak";
}

TEST_F(ChangesTest, KeysLoggedUnderAnotherRuleAreNotShown) {
  const std::string start = position();
  run(item(1, "bob") + "delete from items");
  run("drop policy own on items; create policy everybody on items for select using (true)");
  EXPECT_EQ(lines("ann", start), "items block 000");
}

TEST_F(ChangesTest, OldAndNewKeyAreLogged) {
  run(item(1, "ann"));
  const std::string start = position();
  run("update items set id = '" + id(5) + "' where id = '" + id(1) + "'");
  EXPECT_EQ(lines("ann", start),
            "items {\"id\":\"" + id(1) + "\"}, items {\"id\":\"" + id(5) + "\"}");
}

TEST_F(ChangesTest, TruncateAndTablesWithoutAKeyShowAsTheTable) {
  run("create table plain(a integer); grant select on plain to authenticated");
  const std::string start = position();
  run(item(1, "ann") + "truncate items; insert into plain values (1), (2)");
  const json seen = changes(user("ann"), start);
  EXPECT_EQ(lines(seen), "items, items {\"id\":\"" + id(1) + "\"}, plain");
}

TEST_F(ChangesTest, TablesThatTheCallerMayNotReadShowNothing) {
  const std::string start = position();
  run("insert into secrets values (1)");
  EXPECT_EQ(lines("ann", start), "");
}

TEST_F(ChangesTest, AWindowHoldsWholeTransactionsAndABigOneShowsAsItsTables) {
  const std::string start = position();
  run("begin; insert into readings(value) values (1), (2); commit; begin; insert into"
      " readings(value) values (3), (4); commit");
  const json first = changes(user("ann"), start, 3);
  EXPECT_EQ(lines(first), "readings {\"id\":1}, readings {\"id\":2}");
  EXPECT_EQ(first["log"]["more"], true);
  const json second = changes(user("ann"), first["log"]["cursor"], 3);
  EXPECT_EQ(lines(second), "readings {\"id\":3}, readings {\"id\":4}");
  EXPECT_EQ(second["log"]["more"], false);

  const json coarse = changes(user("ann"), start, 1);
  EXPECT_EQ(lines(coarse), "readings");
  EXPECT_EQ(lines(changes(user("ann"), coarse["log"]["cursor"], 2)),
            "readings {\"id\":3}, readings {\"id\":4}");
}

TEST_F(ChangesTest, LaterTablesKeysAndPoliciesAreWatched) {
  run("create table later(a integer primary key, owner text); grant select on later to "
      "authenticated");
  std::string start = position();
  run("insert into later values (1, 'ann')");
  EXPECT_EQ(lines("bob", start), "later {\"a\":1}");
  run("alter table later enable row level security;"
      "create policy own on later for select using (owner ="
      " (current_setting('request.jwt.claims', true)::jsonb ->> 'sub'))");
  start = position();
  run("insert into later values (2, 'ann')");
  EXPECT_EQ(lines("bob", start), "");
  EXPECT_EQ(lines("ann", start), "later {\"a\":2}");
}

TEST_F(ChangesTest, APoliciesTableIsNamedWhenWhatItLooksAtChanges) {
  run("create table members(who text primary key); grant select on members to authenticated;"
      "create function is_member() returns boolean language sql security definer as"
      " $$ select exists (select from public.members) $$;"
      "create table posts(id integer primary key); grant select on posts to authenticated;"
      "alter table posts enable row level security;"
      "create policy members on posts for select using (is_member())");
  const std::string start = position();
  run("insert into readings(value) values (1)");
  EXPECT_TRUE(changes(user("ann"), start)["log"]["recheck"].empty());
  run("insert into members values ('ann')");
  EXPECT_EQ(changes(user("ann"), start)["log"]["recheck"], json::parse(R"([["public","posts"]])"));
}

TEST_F(ChangesTest, AnotherPolicyOrGrantShowsInTheAccessHash) {
  const auto access = [] { return changes(user("ann"), "")["access"].get<std::string>(); };
  const std::string before = access();
  EXPECT_EQ(access(), before);
  run("create policy more on items for select to anon using (false)");
  const std::string with_policy = access();
  EXPECT_NE(with_policy, before);
  run("grant select on secrets to anon");
  EXPECT_NE(access(), with_policy);
}

TEST_F(ChangesTest, WhatPoliciesCallAndWhoIsInARoleShowInTheAccessHash) {
  const auto access = [] { return changes(user("ann"), "")["access"].get<std::string>(); };
  run("create function may_see() returns boolean language sql stable as 'select true';"
      "create policy seen on readings using (may_see())");
  const std::string before = access();
  run("create or replace function may_see() returns boolean language sql stable as 'select false'");
  run("create or replace function may_see() returns boolean language sql stable return true");
  const std::string with_body = access();
  run("create or replace function may_see() returns boolean language sql stable return false");
  const std::string with_function = access();
  EXPECT_NE(with_function, with_body);
  EXPECT_NE(with_function, before);
  run("grant select (id) on secrets to authenticated");
  const std::string with_column = access();
  EXPECT_NE(with_column, with_function);
  run("grant service_role to authenticated");
  EXPECT_NE(access(), with_column);
  run("revoke service_role from authenticated");
}

// A copy in another server: its log is of transactions that have not been there.
TEST_F(ChangesTest, ACopyInAnotherServerBeginsItsLogAnew) {
  const std::string far = "((pg_current_xact_id()::text::numeric + 1000000000)::text::xid8)";
  const std::string seen = position();
  const std::string lineage = changes(user("ann"), "")["lineage"];
  run(item(1, "ann") + "update holdfast.cleared set transaction = " + far +
      "; update holdfast.changes set transaction = " + far);
  EXPECT_TRUE(changes(user("ann"), seen)["log"].contains("behind"));
  install();
  EXPECT_NE(changes(user("ann"), "")["lineage"], lineage);
  const std::string anew = position();
  run(item(2, "ann"));
  EXPECT_EQ(lines("ann", anew), "items {\"id\":\"" + id(2) + "\"}");
  // Of a log of this server nothing is void.
  const std::string kept = changes(user("ann"), "")["lineage"];
  run("select holdfast.clear_changes()");
  install();
  EXPECT_EQ(changes(user("ann"), "")["lineage"], kept);
  EXPECT_EQ(lines("ann", anew), "items {\"id\":\"" + id(2) + "\"}");
}

TEST_F(ChangesTest, ATriggerThatARestoreHasSwitchedOnAgainIsMended) {
  run("alter table items disable trigger all; alter table items enable trigger all");
  install();
  EXPECT_EQ(query("select tgenabled from pg_trigger where tgname = 'holdfast_changes'"
                  " and tgrelid = 'items'::regclass"),
            "A");
}

TEST_F(ChangesTest, ARenamedKeyColumnBreaksNobodysWrites) {
  run("alter table readings rename id to number");
  const std::string start = position();
  EXPECT_EQ(query("with new as (insert into readings(value) values (4) returning value)"
                  " select * from new"),
            "4");
  EXPECT_EQ(lines("ann", start), "readings {\"number\":1}");
}

TEST_F(ChangesTest, PartitionsAreLoggedAsTheTableThatTheyArePartOf) {
  run("create table parted(id integer primary key, a text) partition by range (id);"
      "create table parted_1 partition of parted for values from (0) to (100);"
      "grant select on parted to authenticated");
  const std::string start = position();
  run("insert into parted values (1, 'a'); insert into parted_1 values (2, 'b')");
  EXPECT_EQ(lines("ann", start), "parted {\"id\":1}, parted {\"id\":2}");
}

TEST_F(ChangesTest, ATableThatBecomesAPartitionOrIsNoneAnyMoreStaysLogged) {
  run("create table parted(id integer primary key, a text) partition by range (id);"
      "create table own(id integer primary key, a text);"
      "grant select on parted to authenticated;"
      "alter table parted attach partition own for values from (0) to (100)");
  std::string start = position();
  run("insert into parted values (1, 'a'); insert into own values (2, 'b')");
  EXPECT_EQ(lines("ann", start), "parted {\"id\":1}, parted {\"id\":2}");
  EXPECT_EQ(query("select count(*) from holdfast.changes"), "2");
  run("alter table parted detach partition own; grant select on own to authenticated");
  start = position();
  run("insert into own values (3, 'c')");
  EXPECT_EQ(lines("ann", start), "own {\"id\":3}");
}

TEST_F(ChangesTest, APartitionWhoseTriggersWereSwitchedOffIsMended) {
  run("create table parted(id integer primary key, a text) partition by range (id);"
      "create table parted_1 partition of parted for values from (0) to (100);"
      "alter table parted_1 disable trigger all; alter table parted_1 enable trigger all");
  install();
  run("create table later(id integer primary key)");
  EXPECT_EQ(query("select count(*) from pg_trigger where tgname like 'holdfast\\_%'"
                  " and tgenabled = 'A' and tgrelid in ('parted_1'::regclass, 'later'::regclass)"),
            "3");
}

TEST_F(ChangesTest, DigestsCountAndHashWhatTheCallerSees) {
  run(item(1, "ann") + item(2, "bob") + item(3, "ann"));
  const auto digest = [](const std::string& subject, const std::string& ends) {
    const std::string question =
        R"({"schema":"public","table":"items","columns":["id","owner"])" + ends + "}";
    return json::parse(query(
        "begin; " + as(subject, "select public.holdfast_digest('[" + question + "]')->0; commit")));
  };
  const auto hash = [](int number) {
    const std::string row = R"({"id":")" + id(number) + R"(","owner":"ann"})";
    return std::stoll(crypto::sha256_hex(row).substr(0, 15), nullptr, 16);
  };
  EXPECT_EQ(digest("ann", "")["rows"], 2);
  EXPECT_EQ(digest("ann", "")["sum"], std::to_string(hash(1) + hash(3)));
  const std::string from = R"(,"from":{"id":")" + id(2) + "\"}";
  EXPECT_EQ(digest("ann", from)["sum"], std::to_string(hash(3)));
  EXPECT_EQ(digest("ann", from + R"(,"before":{"id":")" + id(3) + "\"}")["rows"], 0);
}

TEST_F(ChangesTest, UninstallTakesTheTriggersAway) {
  run("select public.holdfast_uninstall()");
  EXPECT_EQ(query("select count(*) from pg_trigger where tgname like 'holdfast%'"), "0");
  EXPECT_EQ(query("select count(*) from pg_event_trigger"), "0");
  EXPECT_EQ(query("with new as (insert into readings(value) values (4) returning value)"
                  " select * from new"),
            "4");
}

}  // namespace
}  // namespace holdfast::companion
