#include <algorithm>
#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>
#include <thread>

#include "cache/catalog/postgres_script.h"
#include "gateway/crypto/digest.h"
#include "tests/companion/fixture.h"

namespace holdfast::companion {
namespace {

using json = nlohmann::json;
using namespace std::chrono_literals;

// The change log as holdfast_changes() gives it to principals.
class ChangesTest : public CompanionTest {
 protected:
  static json changes(const std::string& role, const std::string& after, int most = 500) {
    const std::string position = after.empty() ? "null" : "'" + after + "'";
    const std::string columns =
        R"('{"public.items":["id","name","owner"],"public.readings":["id","value"]}')";
    return json::parse(query("begin; " + role + "select public.holdfast_changes(" + position +
                             ", " + columns + ", " + std::to_string(most) + "); commit"));
  }
  static std::string user(const std::string& subject) { return as(subject, ""); }
  static std::string position() { return changes(user("ann"), "")["log"]["cursor"]; }
  // "table key" or "table block" or "table" of each line, in order of the text.
  static std::string lines(const json& changes) {
    std::set<std::string> texts;
    for (const json& line : changes["log"]["lines"]) {
      std::string text = line["table"];
      if (line.contains("key")) text += " " + json::parse(line["key"].get<std::string>()).dump();
      if (line.contains("block")) text += " block " + line["block"].get<std::string>();
      texts.insert(text);
    }
    std::string all;
    for (const auto& text : texts) all += (all.empty() ? "" : ", ") + text;
    return all;
  }
  static std::string lines(const std::string& subject, const std::string& after) {
    return lines(changes(user(subject), after));
  }
  static std::string id(int number) {
    return "00000000-0000-4000-8000-00000000000" + std::to_string(number);
  }
  static std::string item(int number, const std::string& owner) {
    return "insert into items(id, name, owner) values ('" + id(number) + "', 'item " +
           std::to_string(number) + "', '" + owner + "');";
  }
};

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

// Each of 16 writers holds its transactions open for a while; a reader polls every 20 ms, and in
// part reads windows that end between them.
TEST_F(ChangesTest, NoRowIsMissedOrReadTwiceWhileSixteenWritersHoldTransactionsOpen) {
  constexpr int kWriters = 16;
  constexpr int kEach = 12;
  std::string after = position();
  std::atomic<int> writing{kWriters};
  std::vector<std::thread> writers;
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      std::string script;
      for (int i = 0; i < kEach; ++i) {
        const int value = writer * kEach + i;
        script += "begin; insert into readings(value) values (" + std::to_string(value) +
                  "); select pg_sleep(random() * 0.15); commit;";
      }
      EXPECT_TRUE(cache::run_postgres_script(cluster_->url(database_), script));
      --writing;
    });
  }
  std::set<std::string> seen;
  std::size_t withheld = 0;
  int polls = 0;
  const auto poll = [&] {
    const json window = changes(user("ann"), after, ++polls % 3 == 0 ? 500 : 2);
    after = window["log"]["cursor"];
    withheld += window["log"]["held_back_s"].is_null() ? 0 : 1;
    for (const json& part : window["rows"]) {
      for (const json& row : part["rows"]) {
        const std::string value = json::parse(row.get<std::string>())["value"].dump();
        EXPECT_TRUE(seen.insert(value).second) << value;
      }
    }
    return window["log"]["more"].get<bool>();
  };
  while (writing > 0) {
    poll();
    std::this_thread::sleep_for(20ms);
  }
  for (auto& writer : writers) writer.join();
  while (poll()) {
  }
  EXPECT_EQ(seen.size(), kWriters * kEach);
  EXPECT_GT(withheld, 0U) << "the reader never met a transaction that was open";
}

// Runs `script` in a transaction that stays open until close(), in a database of the same server.
class OpenTransaction {
 public:
  OpenTransaction(const test::PostgresCluster& cluster, std::string database,
                  const std::string& script)
      : cluster_(cluster), database_(std::move(database)) {
    cluster_.run("create table if not exists closed(n integer)", database_);
    const std::string wait =
        "do $$ begin while not exists (select from closed) loop perform pg_sleep(0.01);"
        " end loop; end $$;";
    thread_ = std::thread([url = cluster_.url(database_), script, wait] {
      EXPECT_TRUE(cache::run_postgres_script(url, "begin;" + script + wait + "commit"));
    });
    while (cluster_.run("select count(*) from pg_stat_activity where datname = '" + database_ +
                            "' and backend_xid is not null and query like '%from closed%'",
                        database_) != "1\n") {
      std::this_thread::sleep_for(5ms);
    }
  }
  OpenTransaction(const OpenTransaction&) = delete;
  OpenTransaction& operator=(const OpenTransaction&) = delete;
  ~OpenTransaction() { close(); }

  void close() {
    if (!thread_.joinable()) return;
    cluster_.run("insert into closed values (1)", database_);
    thread_.join();
    cluster_.run("drop table closed", database_);
  }

 private:
  const test::PostgresCluster& cluster_;
  const std::string database_;
  std::thread thread_;
};

TEST_F(ChangesTest, ATransactionThatStaysOpenHoldsNobodyElsesChangesBack) {
  const std::string start = position();
  OpenTransaction open(*cluster_, database_, "insert into readings(value) values (1);");
  run("insert into readings(value) values (2)");
  const json meanwhile = changes(user("ann"), start);
  EXPECT_EQ(lines(meanwhile), "readings {\"id\":2}");
  EXPECT_GT(meanwhile["log"]["held_back_s"], 0.0);
  run("insert into readings(value) values (3)");
  const json later = changes(user("ann"), meanwhile["log"]["cursor"]);
  EXPECT_EQ(lines(later), "readings {\"id\":3}") << "and nothing twice";
  open.close();
  const json ended = changes(user("ann"), later["log"]["cursor"]);
  EXPECT_EQ(lines(ended), "readings {\"id\":1}") << "it was not passed over";
  EXPECT_EQ(lines(changes(user("ann"), ended["log"]["cursor"])), "");
}

TEST_F(ChangesTest, ATransactionOfAnotherDatabaseHoldsNothingBack) {
  const std::string other = database_ + "_other";
  cluster_->create_database(other);
  cluster_->run("create table notes(a integer)", other);
  OpenTransaction open(*cluster_, other, "insert into notes values (1);");
  const std::string start = position();
  run("insert into readings(value) values (1)");
  EXPECT_EQ(lines("ann", start), "readings {\"id\":1}");
}

TEST_F(ChangesTest, NothingIsMissedOrReadTwiceInSmallWindowsAroundOpenTransactions) {
  const std::string start = position();
  const auto insert = [](int value) {
    return "insert into readings(id, value) overriding system value values (" +
           std::to_string(value) + ", 0);";
  };
  run(insert(1));
  auto first = std::make_unique<OpenTransaction>(*cluster_, database_, insert(2));
  run(insert(3));
  std::vector<std::string> read;
  std::string after = start;
  const auto poll = [&] {
    const json window = changes(user("ann"), after, 1);
    after = window["log"]["cursor"];
    for (const json& part : window["rows"]) {
      for (const json& row : part["rows"]) {
        read.push_back(json::parse(row.get<std::string>())["id"].dump());
      }
    }
    return window["log"]["more"].get<bool>();
  };
  EXPECT_TRUE(poll());
  run(insert(4));
  first.reset();  // the window before is in the middle of these
  run(insert(5));
  while (poll()) {
  }
  std::sort(read.begin(), read.end());
  EXPECT_EQ(read, (std::vector<std::string>{"1", "2", "3", "4", "5"}));
}

TEST_F(ChangesTest, PositionsOfOlderGatewaysAreUnderstood) {
  run("insert into readings(value) values (1)");
  const std::string written = query("select transaction from holdfast.changes");
  run("insert into readings(value) values (2)");
  EXPECT_EQ(lines("ann", written + ":0"), "readings {\"id\":1}, readings {\"id\":2}");
  EXPECT_EQ(lines("ann", written + ":9223372036854775807"), "readings {\"id\":2}");
}

TEST_F(ChangesTest, WhoWaitsForAnOldTransactionIsNotToldForEverThatItIsTooLate) {
  OpenTransaction open(*cluster_, database_, "insert into readings(value) values (1);");
  run("insert into readings(value) values (2)");
  run("update holdfast.changes set at = now() - interval '15 days';"
      "select holdfast.clear_changes()");
  const std::string after = position();
  run("insert into readings(value) values (3)");
  const json window = changes(user("ann"), after);
  EXPECT_FALSE(window["log"].contains("behind"));
  EXPECT_EQ(lines(window), "readings {\"id\":3}");
}

TEST_F(ChangesTest, ARestoredDatabaseHasAnotherLineage) {
  const std::string lineage = changes(user("ann"), "")["lineage"];
  EXPECT_EQ(changes(user("bob"), "")["lineage"], lineage);
  const std::string copy = database_ + "_restored";
  cluster_->run("create database " + copy + " template " + database_);
  const json other = json::parse(trimmed(cluster_->run("select public.holdfast_changes()", copy)));
  EXPECT_NE(other["lineage"], lineage);
}

TEST_F(ChangesTest, AClearedLogSaysThatItIsTooLate) {
  const std::string start = position();
  run(item(1, "ann"));
  run("update holdfast.changes set at = now() - interval '15 days'; select "
      "holdfast.clear_changes()");
  EXPECT_EQ(query("select count(*) from holdfast.changes"), "0");
  EXPECT_EQ(changes(user("ann"), start)["log"]["behind"], true);
  EXPECT_FALSE(changes(user("ann"), position())["log"].contains("behind"));
  EXPECT_EQ(changes(user("ann"), "99999999:0")["log"]["behind"], true) << "from the future";
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
