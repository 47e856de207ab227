#include "cache/replica/migrations.h"

#include <gmock/gmock.h>

#include "cache/replica/store.h"
#include "tests/cache/replica/sample.h"

namespace holdfast::cache {
namespace {

std::string text(Database& database, const std::string& sql) {
  Statement statement(database, sql);
  return statement.step() ? std::string(statement.text(0)) : "";
}
std::string text(const std::string& path, const std::string& sql) {
  Database database(path, OpenMode::kReadOnly);
  return text(database, sql);
}

TEST(MigrationsTest, AFileOfANewerProgramIsRefusedUntouched) {
  support::TempDir dir;
  const std::string path = (dir.path() / "anon.db").string();
  {
    Database database(path, OpenMode::kReadWrite);
    database.execute("CREATE TABLE hf_of_tomorrow(a); PRAGMA user_version=99");
  }
  EXPECT_THROW(Store(path, http::Principal::anonymous(), sample::catalog(), {}), SchemaTooNew);
  EXPECT_EQ(text(path, "PRAGMA user_version"), "99");
  EXPECT_EQ(text(path, "SELECT count(*) FROM sqlite_schema"), "1");
}

TEST(MigrationsTest, MigratingTwiceChangesNothing) {
  support::TempDir dir;
  Database database((dir.path() / "anon.db").string(), OpenMode::kReadWrite);
  migrate_principal_file(database);
  database.execute("INSERT INTO hf_meta VALUES('x', 1)");
  migrate_principal_file(database);
  EXPECT_EQ(text(database, "SELECT count(*) FROM hf_meta"), "1");
}

void queue_entry(Database& database, const std::string& id, const std::string& key,
                 const std::string& app_key) {
  database.execute(
      "INSERT INTO hf_outbox(id, relation, operation, method, target, headers, body, role, claims,"
      " idempotency_key, app_key, created_at, state, write_claims) VALUES('" +
      id + "', 'public.t', 'insert', 'POST', '/rest/v1/t', '{}', '[]', 'anon', '{}', '" + key +
      "', " + app_key + ", 1, 'queued', 'claims')");
}

// Version 12 makes the outbox anew.
TEST(MigrationsTest, TheOutboxKeepsItsEntriesTheirNumbersAndTheirJournal) {
  support::TempDir dir;
  Database database((dir.path() / "anon.db").string(), OpenMode::kReadWrite);
  migrate_principal_file_to(database, 11);
  queue_entry(database, "a", "hf1:one", "'app'");
  queue_entry(database, "b", "hf1:two", "NULL");
  database.execute(
      "UPDATE hf_outbox SET state='acknowledged', ended_at=5, result='r' WHERE id='b'");
  database.execute("UPDATE sqlite_sequence SET seq=500 WHERE name='hf_outbox'");
  const std::string all =
      "SELECT group_concat(sequence || id || idempotency_key || ifnull(app_key, '-') || state ||"
      " write_claims || ifnull(result, '-') || ifnull(ended_at, '-')) FROM hf_outbox";
  const std::string journal = "SELECT count(*) FROM hf_journal";
  const auto before = text(database, all);
  const auto records = text(database, journal);

  migrate_principal_file(database);
  EXPECT_EQ(text(database, all), before);
  EXPECT_EQ(text(database, journal + " WHERE event<>'changed'"), records)
      << "that it was made anew is no event";
  const auto now = text(database, journal);
  queue_entry(database, "c", "hf1:c", "NULL");
  EXPECT_EQ(text(database, "SELECT sequence FROM hf_outbox WHERE id='c'"), "501");
  EXPECT_EQ(text(database, journal), std::to_string(std::stoi(now) + 1));
  EXPECT_THROW(queue_entry(database, "a", "hf1:three", "NULL"), SqliteError);
  EXPECT_THROW(queue_entry(database, "d", "hf1:one", "NULL"), SqliteError);
  EXPECT_THROW(queue_entry(database, "d", "hf1:d", "'app'"), SqliteError);
}

TEST(MigrationsTest, AnOutboxWithoutEntriesKeepsItsNumbersToo) {
  support::TempDir dir;
  Database database((dir.path() / "anon.db").string(), OpenMode::kReadWrite);
  migrate_principal_file_to(database, 11);
  queue_entry(database, "a", "hf1:one", "NULL");
  database.execute("DELETE FROM hf_outbox");
  migrate_principal_file(database);
  queue_entry(database, "b", "hf1:b", "NULL");
  EXPECT_EQ(text(database, "SELECT sequence FROM hf_outbox"), "2");
}

// Version 13 tells what has ended by the time of its end.
TEST(MigrationsTest, WhatHasEndedHasTheTimeOfItsEndAndNothingElseHas) {
  support::TempDir dir;
  Database database((dir.path() / "anon.db").string(), OpenMode::kReadWrite);
  migrate_principal_file_to(database, 12);
  queue_entry(database, "open", "hf1:open", "NULL");
  queue_entry(database, "again", "hf1:again", "NULL");
  queue_entry(database, "dead", "hf1:dead", "NULL");
  database.execute("UPDATE hf_outbox SET ended_at=5 WHERE id='again'");
  database.execute("UPDATE hf_outbox SET state='dead' WHERE id='dead'");
  migrate_principal_file(database);
  EXPECT_EQ(text(database, "SELECT group_concat(id || ifnull(ended_at, '-')) FROM hf_outbox"),
            "open-,again-,dead1");
}

// A list of more than two constants in the condition of an index would make one for each insert.
TEST(MigrationsTest, NoTableIsMadeBesideForAnEntry) {
  support::TempDir dir;
  Database database((dir.path() / "anon.db").string(), OpenMode::kReadWrite);
  migrate_principal_file(database);
  Statement plan(database,
                 "EXPLAIN INSERT INTO hf_outbox(id, relation, operation, method, target,"
                 " headers, body, role, claims, idempotency_key, created_at, state)"
                 " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, 'queued')");
  while (plan.step()) EXPECT_NE(plan.text(1), "OpenEphemeral");
}

// Each index that an ordinary write is in costs it a page of the log.
TEST(MigrationsTest, AnOrdinaryEntryIsInTheIndexesOfItsIdAndOfTheOpenAlone) {
  support::TempDir dir;
  Database database((dir.path() / "anon.db").string(), OpenMode::kReadWrite);
  migrate_principal_file(database);
  queue_entry(database, "a", "hf1:a", "NULL");
  for (const char* index : {"hf_outbox_by_key", "hf_outbox_by_app_key", "hf_outbox_by_parent",
                            "hf_outbox_ended", "hf_outbox_apart"}) {
    const auto condition = text(database,
                                "SELECT substr(sql, instr(sql, 'WHERE')) FROM"
                                " sqlite_schema WHERE name='" +
                                    std::string(index) + "'");
    EXPECT_THAT(condition, ::testing::StartsWith("WHERE")) << index;
    EXPECT_EQ(text(database, "SELECT count(*) FROM hf_outbox " + condition), "0") << index;
  }
  EXPECT_EQ(text(database, "SELECT count(*) FROM pragma_index_list('hf_outbox')"), "7");
}

}  // namespace
}  // namespace holdfast::cache
