#include <algorithm>
#include <atomic>
#include <memory>
#include <thread>

#include "cache/catalog/postgres_script.h"
#include "tests/companion/changes_fixture.h"

namespace holdfast::companion {
namespace {

using namespace std::chrono_literals;

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

}  // namespace
}  // namespace holdfast::companion
