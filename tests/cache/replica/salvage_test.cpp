#include "cache/replica/salvage.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cache/replica/project_file.h"
#include "cache/replica/stores.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kEntries = 500;

// One principal's folder: rows of the upstream, and entries with an effect each.
class SalvageTest : public testing::Test {
 protected:
  SalvageTest() { fill(); }

  std::string path() const { return folder() + "/anon.db"; }
  std::string folder() const { return (dir_.path() / "principals").string(); }
  const Table& lists() const { return *catalog_->find("public", "lists"); }

  void fill() {
    Stores stores(folder(), options_, [](Store&) {});
    stores.set_catalog(catalog_);
    const auto store = stores.open(http::Principal::anonymous());
    store->writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
      for (std::int64_t i = 1; i <= kEntries; ++i) {
        const auto row = parse_rows(lists(), list(i, "theirs"));
        store->overlay().put_base(transaction, lists(), key(i), row->front());
      }
      for (std::int64_t i = 1; i <= kEntries; ++i) enqueue(*store, transaction, i);
      store->mark_complete(transaction, lists());
    });
  }

  void enqueue(Store& store, Transaction& transaction, std::int64_t i) {
    Statement& entry = transaction.database().cached(
        "INSERT INTO hf_outbox(sequence, id, relation, operation, method, target, headers, body,"
        " role, claims, idempotency_key, created_at, state)"
        " VALUES(?1, 'e' || ?1, 'public.lists', 'update', 'PATCH', '/rest/v1/lists', '{}', ?2,"
        " 'anon', '', 'k' || ?1, 0, 'queued')");
    entry.bind(1, i).bind(2, std::string_view(std::string(800, 'b'))).run();
    // Its key is in another order than its columns: see is_about_values().
    Statement& reference = transaction.database().cached(
        "INSERT INTO hf_references(entry, relation, key) VALUES(?1, 'public.lists', ?2)");
    reference.bind(1, i).bind(2, std::string_view(key(i))).run();
    if (i > 3) return;
    Effect effect{"public.lists", key(i), EffectKind::kUpdate, R"({"title":"mine"})"};
    store.overlay().apply(transaction, i, {&effect, 1});
  }

  static std::string key(std::int64_t id) { return "{\"id\":" + std::to_string(id) + "}"; }
  static std::string list(std::int64_t id, const std::string& title) {
    return "[{\"id\":" + std::to_string(id) + ",\"title\":\"" + title + "\"}]";
  }

  static std::int64_t number(const std::string& file, const std::string& sql) {
    Database database(file, OpenMode::kReadOnly);
    Statement statement(database, sql);
    return statement.step() ? statement.integer(0) : -1;
  }

  // Overwrites the middle leaf of the table, as a disk does that loses a block.
  void damage(const std::string& table) {
    const std::int64_t size = number(path(), "PRAGMA page_size");
    const std::int64_t page =
        number(path(), "SELECT pageno FROM dbstat WHERE name='" + table +
                           "' AND pagetype='leaf' ORDER BY path LIMIT 1 OFFSET"
                           " (SELECT count(*)/2 FROM dbstat WHERE name='" +
                           table + "' AND pagetype='leaf')");
    ASSERT_GT(page, 1);
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp((page - 1) * size);
    file << std::string(static_cast<std::size_t>(size), '\xA5');
  }
  // What a process that was killed leaves; a log without a valid frame changes nothing.
  void leave_open() { std::ofstream(path() + "-wal", std::ios::binary) << "killed"; }

  std::vector<std::string> kept() const {
    std::vector<std::string> names;
    for (const auto& file : fs::directory_iterator(folder())) {
      const auto name = file.path().filename().string();
      if (name.starts_with("anon.db.damaged-") && !name.ends_with("-wal")) names.push_back(name);
    }
    return names;
  }

  support::TempDir dir_;
  std::shared_ptr<const Catalog> catalog_ = sample::catalog();
  ReplicaOptions options_;
};

std::string title_of(Store& store, const Table& table, std::int64_t id) {
  auto reader = store.reader();
  const auto row = store.overlay().rows(table).find(*reader, {Value(id)});
  return row ? print_columns(table, row->row, {*table.column_index("title")}) : "no row";
}

TEST_F(SalvageTest, HardCase24_ADamagedOutboxIsReadFromBothItsEnds) {
  damage("hf_outbox");
  EXPECT_TRUE(is_damaged(path(), FileCheck::kEssentials));
  const Salvage salvage = salvage_file(path());
  EXPECT_FALSE(is_damaged(path(), FileCheck::kWhole));
  EXPECT_GT(salvage.entries, kEntries * 9 / 10);
  EXPECT_LT(salvage.entries, kEntries);
  EXPECT_EQ(number(path(), "SELECT count(*) FROM hf_outbox"), salvage.entries);
  EXPECT_EQ(number(path(), "SELECT min(sequence) FROM hf_outbox"), 1);
  EXPECT_EQ(number(path(), "SELECT max(sequence) FROM hf_outbox"), kEntries);
  EXPECT_EQ(number(path(), "SELECT count(*) FROM hf_journal WHERE event='created'"), kEntries);
  EXPECT_EQ(number(path(), "SELECT count(*) FROM hf_journal WHERE event='note'"), 1);
  EXPECT_EQ(kept().size(), 1U);
}

TEST_F(SalvageTest, HardCase24_ADamagedReplicaIsReadAgainUnderItsPendingWrites) {
  damage(lists().storage_name);
  leave_open();
  Stores stores(folder(), options_, [](Store&) {});
  std::int64_t salvaged = 0;
  stores.observe_salvages([&](const Salvage& salvage) { salvaged = salvage.entries; });
  stores.set_catalog(catalog_);
  // Nothing but the outbox was looked at before serving; the rest is in the background.
  EXPECT_EQ(salvaged, 0);
  EXPECT_EQ(stores.find_damaged(), std::vector<std::string>{"anon"});
  stores.replace_damaged("anon");
  EXPECT_EQ(salvaged, kEntries);
  const auto store = stores.open(http::Principal::anonymous());
  EXPECT_EQ(store->status(lists()), TableStatus::kSyncing);
  EXPECT_EQ(title_of(*store, lists(), 3), R"({"title":"mine"})");
  EXPECT_EQ(title_of(*store, lists(), 4), "no row");
  EXPECT_TRUE(stores.find_damaged().empty());
}

TEST_F(SalvageTest, HardCase24_AFileThatSomebodyWorksWithIsRepairedAtTheNextStart) {
  damage(lists().storage_name);
  leave_open();
  {
    Stores stores(folder(), options_, [](Store&) {});
    stores.set_catalog(catalog_);
    const auto holder = stores.open(http::Principal::anonymous());
    EXPECT_EQ(stores.find_damaged().size(), 1U);
    stores.replace_damaged("anon", std::chrono::milliseconds(20));
    EXPECT_TRUE(kept().empty());
  }
  Stores stores(folder(), options_, [](Store&) {});
  stores.set_catalog(catalog_);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_EQ(number(path(), "SELECT count(*) FROM hf_outbox"), kEntries);
}

TEST_F(SalvageTest, AWriteWhoseEntryWasLostIsNotShown) {
  damage("hf_outbox");
  {
    Database database(path(), OpenMode::kReadWrite);
    database.execute(
        "INSERT INTO hf_effects(entry, ordinal, relation, key, kind, changes,"
        " consequence, active) VALUES(9999, 0, 'public.lists', '{\"id\":9}', 4, '{}',"
        " 0, 1)");
  }
  salvage_file(path());
  EXPECT_EQ(number(path(), "SELECT active FROM hf_effects WHERE entry=9999"), 0);
  EXPECT_EQ(number(path(), "SELECT seq FROM sqlite_sequence WHERE name='hf_outbox'"), 9999);
}

TEST_F(SalvageTest, ACrashBeforeTheNewFileTookItsPlaceIsMadeUpFor) {
  damage("hf_outbox");
  salvage_file(path());
  // As before the last step: the old file is in its place, with a log that must not be replayed.
  fs::rename(path(), path() + ".salvaged");
  fs::copy_file(folder() + "/" + kept().front(), path());
  leave_open();
  Stores stores(folder(), options_, [](Store&) {});
  stores.set_catalog(catalog_);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_FALSE(fs::exists(path() + ".salvaged"));
  EXPECT_EQ(number(path(), "SELECT max(sequence) FROM hf_outbox"), kEntries);
}

TEST_F(SalvageTest, WhatIsNoDatabaseIsKeptAsideAndDoesNotStopTheStart) {
  std::ofstream(path(), std::ios::binary) << std::string(8'192, 'x');
  Stores stores(folder(), options_, [](Store&) {});
  stores.set_catalog(catalog_);
  EXPECT_EQ(kept().size(), 1U);
  EXPECT_EQ(fs::file_size(folder() + "/" + kept().front()), 8'192U);
  EXPECT_EQ(stores.open(http::Principal::anonymous())->status(lists()), TableStatus::kSyncing);
}

TEST_F(SalvageTest, ASoundFileIsLeftAlone) {
  leave_open();
  Stores stores(folder(), options_, [](Store&) {});
  stores.set_catalog(catalog_);
  EXPECT_TRUE(stores.find_damaged().empty());
  EXPECT_TRUE(kept().empty());
  EXPECT_EQ(stores.open(http::Principal::anonymous())->status(lists()), TableStatus::kComplete);
}

TEST_F(SalvageTest, ADamagedProjectFileKeepsWhatCanBeRead) {
  const std::string project = (dir_.path() / "project.db").string();
  {
    ProjectFile file(project);
    file.keep_text("name", "value");
  }
  std::ofstream(project, std::ios::in | std::ios::out | std::ios::binary | std::ios::ate)
      << std::string(4'096, 'x');
  salvage_project_file(project);
  EXPECT_EQ(ProjectFile(project).text("name"), "value");
}

}  // namespace
}  // namespace holdfast::cache
