#include "cache/replica/bundle.h"

#include <gtest/gtest.h>

#include "tests/cache/replica/sample_catalog.h"
#include "tests/support/temp_dir.h"

namespace holdfast::cache {
namespace {

const http::Principal kUser{http::Principal::Kind::kUser, "u1", "authenticated", R"({"sub":"u1"})",
                            "user-1"};

// Two schemas, with values whose printed form is the hard part, a view, and a computed column.
std::shared_ptr<const Catalog> two_schemas() {
  auto tables = sample::tables();
  Table values = sample::table("values",
                               sample::columns({{"id", "integer", false},
                                                {"exact", "numeric"},
                                                {"float", "double precision"},
                                                {"at", "timestamp with time zone"},
                                                {"words", "text[]"},
                                                {"tree", "jsonb"},
                                                {"raw", "json"},
                                                {"bytes", "bytea"},
                                                {"text", "text"}}),
                               {0});
  values.schema = "stock";
  tables.push_back(std::move(values));
  Table view = sample::table("shown", sample::columns({{"id", "integer"}}), {});
  view.kind = TableKind::kView;
  view.columns[0].origin = ColumnOrigin{"private", "hidden", "key"};
  tables.push_back(std::move(view));
  Table hidden = sample::table("hidden", sample::columns({{"key", "integer", false}}), {0});
  hidden.schema = "private";
  tables.push_back(std::move(hidden));
  Function initials;
  initials.schema = "extensions";
  initials.name = "initials";
  initials.arguments = {{"", "todos", false, false, RelationName{"public", "todos"}}};
  return std::make_shared<const Catalog>(std::move(tables), std::vector{initials},
                                         std::vector<std::string>{"public", "stock"},
                                         std::map<std::string, std::string>{{"public", "Shop"}});
}

class BundleTest : public ::testing::Test {
 protected:
  std::shared_ptr<Store> open(const std::string& name, std::shared_ptr<const Catalog> catalog,
                              const http::Principal& principal) {
    std::vector<const Table*> replicated;
    for (const Table& table : catalog->tables()) {
      if (table.exposed && table.name != "reviews") replicated.push_back(&table);
    }
    return std::make_shared<Store>((dir_.path() / name).string(), principal, std::move(catalog),
                                   replicated);
  }
  static void fill(Store& store, const char* schema, const char* name, const char* rows) {
    const Table& table = *store.catalog().find(schema, name);
    const auto parsed = parse_rows(table, rows);
    ASSERT_TRUE(parsed) << parsed.error().message;
    store.writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
      for (const Row& row : *parsed) store.overlay().put_clean(transaction, table, row);
      store.mark_complete(transaction, table);
    });
    store.publish(table, TableStatus::kComplete);
  }
  static void deny(Store& store, const char* name, const Denial& denial) {
    const Table& table = *store.catalog().find("public", name);
    store.writer().run(Writer::Priority::kClient, [&](Transaction& transaction) {
      store.mark_denied(transaction, table, denial);
    });
    store.publish(table, TableStatus::kDenied, denial);
  }
  std::string exported(Store& store) {
    std::string text;
    export_bundle(
        store, "public", [&](std::string_view part) { text += part; }, progress_);
    return text;
  }
  std::shared_ptr<Store> imported(const std::string& bundle, const http::Principal& principal) {
    auto catalog = catalog_of_bundle(bundle);
    if (!catalog) throw std::runtime_error(catalog.error().message);
    auto store =
        open("imported.db", std::make_shared<const Catalog>(*std::move(catalog)), principal);
    const auto rows = import_bundle(*store, bundle, importing_);
    if (!rows) throw std::runtime_error(rows.error().message);
    return store;
  }
  static void fill_all(Store& store) {
    fill(store, "public", "lists",
         R"([{"id":1,"title":"a \"b\"\n","slot":null,)"
         R"("updated_at":"2026-01-02T03:04:05.678901+00:00"}])");
    fill(store, "public", "logs", R"([{"line":"x"},{"line":null},{"line":"x"}])");
    fill(store, "public", "shown", R"([{"id":3},{"id":1}])");
    fill(store, "public", "tags", "[]");
    fill(store, "stock", "values",
         R"([{"id":1,"exact":12.50,"float":"NaN","at":"infinity","words":["a","b c",null],)"
         R"("tree":{"b":[1,2.0],"a":null},"raw":{"z":1, "a":1},"bytes":"\\x00ff","text":"é\t"},)"
         R"({"id":2,"exact":"NaN","float":-0.0,"at":"0044-03-15T00:00:00+00:00 BC","words":null,)"
         R"("tree":null,"raw":null,"bytes":null,"text":null},)"
         R"({"id":-3,"exact":123456789012345678901234567890.00,"float":1e300,"at":null,)"
         R"("words":[],"tree":"s","raw":[],"bytes":"\\x","text":""}])");
  }

  support::TempDir dir_;
  ProgressCount progress_;
  ImportProgress importing_;
};

TEST_F(BundleTest, ProgressCountsEveryRowOnce) {
  const auto store = open("anon.db", two_schemas(), http::Principal::anonymous());
  fill_all(*store);
  const std::string bundle = exported(*store);
  EXPECT_EQ(progress_.state().total, 9);
  EXPECT_EQ(progress_.state().done, 9);
  imported(bundle, http::Principal::anonymous());
  EXPECT_EQ(importing_.rows.state().total, 9);
  EXPECT_EQ(importing_.rows.state().done, 9);
  EXPECT_EQ(importing_.bytes.state().total, static_cast<std::int64_t>(bundle.size()));
  EXPECT_GT(importing_.bytes.state().done, 0);
}

TEST_F(BundleTest, WhatIsExportedImportsToTheSame) {
  for (const auto& principal : {http::Principal::anonymous(), kUser}) {
    const auto store = open(principal.id + ".db", two_schemas(), principal);
    fill_all(*store);
    deny(*store, "notes",
         {403, R"({"code":"42501","message":"permission denied for table notes"})"});
    const std::string bundle = exported(*store);
    const auto again = imported(bundle, principal);
    EXPECT_EQ(exported(*again), bundle) << principal.id;
    EXPECT_EQ(again->catalog().hash(), store->catalog().hash());
    std::filesystem::remove(dir_.path() / "imported.db");
  }
}

// In JSON it looks like no value.
TEST_F(BundleTest, TheNullOfJsonStaysApartFromNoValue) {
  const auto principal = http::Principal::anonymous();
  const auto store = open("anon.db", two_schemas(), principal);
  fill(*store, "stock", "values",
       R"([{"id":1,"tree":null,"raw":null,"":["tree"]},{"id":2,"tree":null,"raw":null,"":["raw"]},)"
       R"({"id":3,"tree":null,"raw":null}])");
  const auto again = imported(exported(*store), principal);
  const Table& table = *again->catalog().find("stock", "values");
  std::string nulls;
  again->overlay().rows(table).for_each(*again->reader(), [&](const Row& row) {
    for (const char* name : {"tree", "raw"}) {
      const std::size_t index = *table.column_index(name);
      nulls += is_json_null(table.columns[index], row[index]) ? "json "
               : is_null(row[index])                          ? "none "
                                                              : "? ";
    }
  });
  EXPECT_EQ(nulls, "json none none json none none ");
}

TEST_F(BundleTest, ADenialKeepsItsWordsForEveryPrincipal) {
  const auto store = open("user.db", two_schemas(), kUser);
  deny(*store, "notes", {403, R"({"code":"42501"})"});
  const auto again = imported(exported(*store), kUser);
  const Table& notes = *again->catalog().find("public", "notes");
  ASSERT_EQ(again->status(notes), TableStatus::kDenied);
  EXPECT_EQ(again->denial(notes).status, 403);
  EXPECT_EQ(again->denial(notes).body, R"({"code":"42501"})");
}

TEST_F(BundleTest, WhatIsNotCompleteStaysSo) {
  const auto store = open("anon.db", two_schemas(), http::Principal::anonymous());
  fill(*store, "public", "tags", "[]");
  const auto again = imported(exported(*store), http::Principal::anonymous());
  EXPECT_EQ(again->status(*again->catalog().find("public", "tags")), TableStatus::kComplete);
  EXPECT_EQ(again->status(*again->catalog().find("public", "todos")), TableStatus::kSyncing);
  EXPECT_EQ(again->status(*again->catalog().find("public", "reviews")),
            TableStatus::kNotReplicated);
}

TEST_F(BundleTest, ARelationWhoseRowsCouldNotBeReadIsNotEmpty) {
  const auto store = open("anon.db", two_schemas(), http::Principal::anonymous());
  ASSERT_TRUE(
      import_bundle(*store, R"({"schema":"public","tables":{"logs":{"rows":null}}})", importing_));
  EXPECT_EQ(store->status(*store->catalog().find("public", "logs")), TableStatus::kSyncing);
}

TEST_F(BundleTest, RowsThatTheAnonymousRoleMayNotSelectAreDeniedToIt) {
  const std::string bundle = R"({"schema":"public","tables":{"logs":{"kind":"table",
    "anon_privileges":["insert"],"columns":[{"name":"line","type":"text"}],
    "rows":[{"line":"x"}]}}})";
  const auto store = imported(bundle, http::Principal::anonymous());
  EXPECT_EQ(store->status(*store->catalog().find("public", "logs")), TableStatus::kDenied);
  std::filesystem::remove(dir_.path() / "imported.db");
  const auto own = imported(bundle, kUser);
  EXPECT_EQ(own->status(*own->catalog().find("public", "logs")), TableStatus::kComplete);
}

TEST_F(BundleTest, WhatIsNoBundleChangesNothing) {
  const auto store = open("anon.db", two_schemas(), http::Principal::anonymous());
  fill(*store, "public", "logs", R"([{"line":"kept"}])");
  const std::string before = exported(*store);
  for (
      const char* text :
      {"", "[]", R"({"schema":"public"})",
       R"({"schema":"public","tables":{"logs":{"rows":[{"line":}]}}})",
       R"({"schema":"public","tables":{"lists":{"rows":[{"id":"x"}]}}})",
       R"({"schema":"public","tables":{"logs":{"denied":{"status":"x"}}}})",
       R"({"schema":"public","tables":{"logs":{"rows":[]}},"other_schemas":{}})",
       R"({"schema":"public","tables":{"logs":{"rows":[]}},"other_schemas":[{"schema":"stock"}]})"}) {
    const auto rows = import_bundle(*store, text, importing_);
    ASSERT_FALSE(rows) << text;
    EXPECT_EQ(rows.error().kind, ErrorKind::kInvalidRequest);
  }
  EXPECT_EQ(exported(*store), before);
}

}  // namespace
}  // namespace holdfast::cache
