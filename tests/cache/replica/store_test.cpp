#include "cache/replica/store.h"

#include <gtest/gtest.h>

#include <atomic>
#include <future>
#include <thread>

#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

TEST(StoreTest, AnAddedColumnReadsTheTableAgainAndKeepsPendingWrites) {
  sample::Sample sample;
  sample.put("reviews", R"([{"id":1,"list_id":1},{"id":2,"list_id":1}])");
  sample.complete();
  Effect effect{"public.reviews", R"({"id":1})", EffectKind::kUpdate, R"({"list_id":9})"};
  sample.write([&](Transaction& transaction) {
    sample.overlay().apply(transaction, 1, {&effect, 1});
  });
  auto tables = sample::tables();
  tables[3].columns.push_back(sample::columns({{"stars", "integer"}})[0]);
  sample.reopen(std::make_shared<const Catalog>(tables, std::vector<Function>{}));
  EXPECT_EQ(sample.store().status(sample.table("reviews")), TableStatus::kSyncing);
  EXPECT_EQ(sample.store().status(sample.table("lists")), TableStatus::kComplete);
  EXPECT_EQ(sample.rows("reviews", {"id", "list_id", "stars"}),
            R"({"id":1,"list_id":9,"stars":null}{"id":2,"list_id":1,"stars":null})");
  sample.put("reviews", R"({"id":1,"list_id":1,"stars":5})");
  EXPECT_EQ(sample.rows("reviews", {"list_id", "stars"}),
            R"({"list_id":9,"stars":5}{"list_id":1,"stars":null})");
}

TEST(StoreTest, TheStateOfATableOutlivesARestart) {
  sample::Sample sample;
  EXPECT_EQ(sample.store().status(sample.table("todos")), TableStatus::kSyncing);
  EXPECT_EQ(sample.store().status(sample.table("logs")), TableStatus::kNotReplicated);
  sample.complete();
  sample.reopen();
  EXPECT_EQ(sample.store().status(sample.table("todos")), TableStatus::kComplete);
}

http::Principal user(const std::string& id) {
  http::Principal principal;
  principal.kind = http::Principal::Kind::kUser;
  principal.id = "user-" + id;
  principal.subject = id;
  principal.role = "authenticated";
  principal.claims = R"({"sub":")" + id + "\"}";
  return principal;
}

class StoresTest : public ::testing::Test {
 protected:
  std::unique_ptr<Stores> open() {
    auto stores =
        std::make_unique<Stores>((dir_.path() / "principals").string(), options_,
                                 [this](Store& store) { opened_.push_back(store.principal().id); });
    stores->set_catalog(sample::catalog());
    return stores;
  }

  support::TempDir dir_;
  ReplicaOptions options_;
  std::vector<std::string> opened_;
};

// Hard case 17: which rows are here is the filter's and the claims' to say.
TEST_F(StoresTest, AnotherScopeReadsItsTableAgainAndNoOther) {
  const auto complete = [](Store& store) {
    store.writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
      for (const Table* table : store.replicated()) store.mark_complete(transaction, *table);
    });
  };
  const auto status = [](Store& store, const char* table) {
    return store.status(*store.catalog().find("public", table));
  };
  const auto scope = [](Store& store) {
    return store.part(*store.catalog().find("public", "todos")).scope;
  };
  options_.table_options["todos"].filter = "title=eq.{claims.sub}";
  complete(*open()->open(user("a")));
  auto stores = open();
  auto store = stores->open(user("a"));
  EXPECT_EQ(scope(*store), "title=eq.a");
  EXPECT_EQ(status(*store, "todos"), TableStatus::kComplete);
  EXPECT_FALSE(stores->has_other_parts(user("a")));

  http::Principal changed = user("a");
  changed.claims = R"({"sub":"b"})";
  EXPECT_TRUE(stores->has_other_parts(changed));
  stores->reopen(changed);
  store = stores->open(changed);
  EXPECT_EQ(scope(*store), "title=eq.b");
  EXPECT_EQ(status(*store, "todos"), TableStatus::kSyncing);
  EXPECT_EQ(status(*store, "lists"), TableStatus::kComplete);
  // Without the claim nothing of the table is kept.
  changed.claims = "{}";
  stores->reopen(changed);
  EXPECT_EQ(status(*stores->open(changed), "todos"), TableStatus::kNotReplicated);
}

// Promise 5.
TEST_F(StoresTest, EachPrincipalHasAFileOfItsOwn) {
  auto stores = open();
  const auto a = stores->open(user("a"));
  const auto b = stores->open(user("b"));
  EXPECT_NE(a, b);
  EXPECT_EQ(stores->open(user("a")), a);
  a->writer().run(Writer::Priority::kClient, [](Transaction& transaction) {
    transaction.database().execute("INSERT INTO hf_meta VALUES('mine', 1)");
  });
  auto reader = b->reader();
  Statement statement(*reader, "SELECT count(*) FROM hf_meta WHERE name='mine'");
  statement.step();
  EXPECT_EQ(statement.integer(0), 0);
}

// Promise 2: what a user queued is delivered though nobody asks for it again after a restart.
TEST_F(StoresTest, AfterARestartEveryFileIsOpenedForItsPrincipal) {
  open()->open(user("a"));
  opened_.clear();
  auto stores = open();
  EXPECT_EQ(opened_, std::vector<std::string>{"user-a"});
  const auto again = stores->all().at(0)->principal();
  EXPECT_EQ(again.subject, "a");
  EXPECT_EQ(again.role, "authenticated");
  EXPECT_EQ(again.claims, user("a").claims);
  EXPECT_EQ(again.kind, http::Principal::Kind::kUser);
}

TEST_F(StoresTest, WhatIsReplicatedIsWhatTheOptionsName) {
  options_.tables = {"lists", "public.todos", "logs"};
  options_.table_options["todos"].read = ReadMode::kPass;
  auto stores = open();
  const auto store = stores->open(http::Principal::anonymous());
  ASSERT_EQ(store->replicated().size(), 2U);
  EXPECT_EQ(store->replicated()[0]->name, "lists");
  EXPECT_EQ(store->replicated()[1]->name, "logs");
  EXPECT_TRUE(stores->open(http::Principal::service())->replicated().empty());
}

// A queue that seems to be empty for a moment would be taken for delivered.
TEST_F(StoresTest, NoStoreIsMissingWhileTheCatalogIsReplaced) {
  std::atomic<int> seen{-1};
  std::thread looking;
  std::unique_ptr<Stores> stores;
  bool replacing = false;
  stores = std::make_unique<Stores>((dir_.path() / "principals").string(), options_, [&](Store&) {
    if (!replacing) return;
    std::promise<void> started;
    looking = std::thread([&] {
      started.set_value();
      seen = static_cast<int>(stores->all().size());
    });
    started.get_future().wait();
  });
  stores->open(user("a"));
  replacing = true;
  stores->set_catalog(sample::catalog());
  looking.join();
  EXPECT_EQ(seen, 1);
}

TEST_F(StoresTest, AReaderNeverShowsTheStateThatAnEarlierUserLeftOff) {
  auto stores = open();
  const auto store = stores->open(user("a"));
  const auto count = [&] {
    auto reader = store->reader();
    Statement statement(*reader, "SELECT count(*) FROM hf_meta WHERE name='late'");
    statement.step();
    return statement.integer(0);
  };
  {
    auto reader = store->reader();
    reader->cached("SELECT name FROM sqlite_schema").step();  // left in mid-step
  }
  store->writer().run(Writer::Priority::kClient, [](Transaction& transaction) {
    transaction.database().execute("INSERT INTO hf_meta VALUES('late', 1)");
  });
  EXPECT_EQ(count(), 1);
}

TEST(ProjectFileTest, TheCatalogAndTheDeviceAreKept) {
  support::TempDir dir;
  const std::string path = (dir.path() / "project.db").string();
  std::string device;
  {
    ProjectFile file(path);
    EXPECT_EQ(file.catalog_document(), std::nullopt);
    file.keep_catalog_document("one");
    file.keep_catalog_document("two");
    device = file.device_id();
  }
  ProjectFile file(path);
  EXPECT_EQ(file.catalog_document(), "two");
  EXPECT_EQ(file.device_id(), device);
}

}  // namespace
}  // namespace holdfast::cache
