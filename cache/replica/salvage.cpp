#include "cache/replica/salvage.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <vector>

#include "cache/query/query.h"
#include "cache/query/sql_text.h"
#include "cache/replica/migrations.h"
#include "cache/replica/project_file.h"
#include "cache/sqlite/transaction.h"

namespace holdfast::cache {
namespace {

namespace fs = std::filesystem;

// Beside the database itself: https://www.sqlite.org/tempfiles.html
constexpr const char* kSideFiles[] = {"-wal", "-shm"};

// hf_tables (how far the pulls are) and hf_responses (copies of answers) begin anew.
constexpr const char* kEssential[] = {
    "hf_meta",       "hf_outbox",           "hf_effects",           "hf_pending_base",
    "hf_references", "hf_temporary_ids",    "hf_conflicts",         "hf_journal",
    "hf_row_chains", "hf_journal_segments", "hf_acknowledged_rows", "hf_forwarded_keys"};

std::vector<std::string> names(Database& database, const std::string& sql) {
  Statement statement(database, sql);
  std::vector<std::string> found;
  while (statement.step()) found.emplace_back(statement.text(0));
  return found;
}

bool has_table(Database& database, std::string_view name) {
  Statement statement(database, "SELECT 1 FROM sqlite_schema WHERE type='table' AND name=?1");
  statement.bind(1, name);
  return statement.step();
}

// What the check says of values, and not of pages. SQLite 3.40 takes columns of a table without
// rowid for NULL whose key has another order; pages come first.
bool is_about_values(std::string_view finding) {
  return finding.find(" value in ") != finding.npos || finding.starts_with("CHECK ");
}

bool is_sound(Database& database, std::string_view table) {
  Statement check(database, "PRAGMA quick_check(" + query::quote_identifier(table) + ")");
  while (check.step()) {
    const std::string_view finding = check.text(0);
    if (finding != "ok" && !is_about_values(finding)) return false;
  }
  return true;
}

bool is_sound(Database& database, FileCheck check) {
  const auto tables = names(database, "SELECT name FROM sqlite_schema WHERE type='table'");
  if (check == FileCheck::kOpening) return true;
  for (const auto& table : tables) {
    if (check == FileCheck::kEssentials && !table.starts_with("hf_")) continue;
    if (!is_sound(database, table)) return false;
  }
  return true;
}

// Copies the rows of one table, as far as they can be read from its beginning and from its end: a
// damaged page in between takes its own rows only.
class TableCopy {
 public:
  TableCopy(Database& from, Database& to, const std::string& table)
      : from_(from), to_(to), table_(table) {
    const std::string list = "SELECT name FROM pragma_table_info('" + table + "')";
    const auto theirs = names(from, list);
    for (const auto& column : names(to, list)) {
      if (std::find(theirs.begin(), theirs.end(), column) != theirs.end()) {
        columns_.push_back(column);
      }
    }
    order_ = names(from, list + " WHERE pk>0 ORDER BY pk");
  }

  std::int64_t run() {
    if (columns_.empty()) return 0;
    const bool whole = copy("");
    if (!whole) copy(" DESC");
    return copied_;
  }

 private:
  std::string select(const char* direction) const {
    std::string sql = "SELECT ";
    for (const auto& column : columns_)
      sql += (sql.size() > 7 ? "," : "") + query::quote_identifier(column);
    sql += " FROM " + query::quote_identifier(table_) + " NOT INDEXED";
    const char* separator = " ORDER BY ";
    for (const auto& column : order_) {
      sql += separator + query::quote_identifier(column) + direction;
      separator = ",";
    }
    return sql;
  }

  std::string insert() const {
    std::string sql = "INSERT OR IGNORE INTO " + query::quote_identifier(table_) + "(";
    std::string values;
    for (const auto& column : columns_) {
      sql += (values.empty() ? "" : ",") + query::quote_identifier(column);
      values += values.empty() ? "?" : ",?";
    }
    return sql + ") VALUES(" + values + ")";
  }

  // Whether the end was reached.
  bool copy(const char* direction) {
    Statement put(to_, insert());
    std::optional<Statement> rows;
    try {
      rows.emplace(from_, select(direction));
      while (rows->step()) {
        for (int i = 0; i < rows->column_count(); ++i) put.bind(i + 1, rows->column(i));
        put.run();
        copied_ += to_.changes();
      }
      return true;
    } catch (const SqliteError& fault) {
      // Of the file that is read; the new one's faults end the salvage.
      if (!fault.corrupt()) throw;
      return false;
    }
  }

  Database& from_;
  Database& to_;
  const std::string table_;
  std::vector<std::string> columns_;
  std::vector<std::string> order_;
  std::int64_t copied_ = 0;
};

// The triggers write a journal of what happens; nothing happens here.
class WithoutTriggers {
 public:
  explicit WithoutTriggers(Database& database) : database_(database) {
    definitions_ = names(database, "SELECT sql FROM sqlite_schema WHERE type='trigger'");
    for (const auto& name :
         names(database, "SELECT name FROM sqlite_schema WHERE type='trigger'")) {
      database.execute("DROP TRIGGER " + query::quote_identifier(name));
    }
  }
  void restore() {
    for (const auto& sql : definitions_) database_.execute(sql);
  }

 private:
  Database& database_;
  std::vector<std::string> definitions_;
};

constexpr const char* kMakeWhole = R"sql(
-- A write whose entry was lost is not on its way: showing it would lie. It stays in the kept file.
UPDATE hf_effects SET active=0 WHERE entry NOT IN (SELECT sequence FROM hf_outbox);
UPDATE sqlite_sequence SET seq=max(seq, ifnull((SELECT max(entry) FROM hf_effects), 0))
  WHERE name='hf_outbox';
-- Effects whose base was lost stand on the image that they were made on.
INSERT OR IGNORE INTO hf_pending_base(relation, key, image)
  SELECT relation, key, base FROM hf_effects WHERE active=1 ORDER BY entry, ordinal;
DELETE FROM hf_meta WHERE name GLOB 'hf_learned|*';
INSERT OR REPLACE INTO hf_meta VALUES('salvaged', 1);
INSERT INTO hf_journal(event, subject, became) VALUES('note', 'file', 'salvaged');
)sql";

void copy_essentials(Database& from, Database& to, Salvage& salvage) {
  Transaction transaction(to);
  WithoutTriggers quiet(to);
  for (const std::string table : kEssential) {
    if (!has_table(from, table)) continue;
    const std::int64_t rows = TableCopy(from, to, table).run();
    salvage.rows += rows;
    if (table == "hf_outbox") salvage.entries = rows;
  }
  to.execute(kMakeWhole);
  quiet.restore();
  transaction.commit();
}

std::string aside_name(const std::string& path) {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return path + ".damaged-" +
         std::to_string(std::chrono::duration_cast<std::chrono::seconds>(now).count());
}

// Another name for the same files: nothing is copied, and `path` stays what it is.
void keep_aside(const std::string& path, const std::string& aside) {
  std::error_code ignored;
  fs::remove(aside, ignored);
  fs::create_hard_link(path, aside);
  for (const char* side : kSideFiles) {
    fs::remove(aside + side, ignored);
    if (fs::exists(path + side)) fs::create_hard_link(path + side, aside + side);
  }
}

void remove_with_sides(const std::string& path) {
  fs::remove(path);
  for (const char* side : kSideFiles) fs::remove(path + side);
}

Salvage replace_file(const std::string& path, void (*make)(Database&),
                     const std::function<void(Database&, Database&, Salvage&)>& copy) {
  Salvage salvage{aside_name(path)};
  keep_aside(path, salvage.kept_as);
  const std::string growing = path + ".salvaging";
  remove_with_sides(growing);
  {
    Database to(growing, OpenMode::kReadWrite);
    make(to);
    try {
      Database from(salvage.kept_as, OpenMode::kReadWrite);
      copy(from, to, salvage);
    } catch (const SqliteError& fault) {
      // Not even its schema reads: the new file stays empty.
      if (!fault.corrupt()) throw;
    }
  }
  fs::rename(growing, path + ".salvaged");
  finish_salvage(path);
  return salvage;
}

}  // namespace

bool is_damaged(const std::string& path, FileCheck check) {
  if (!fs::exists(path)) return false;
  try {
    Database database(path, OpenMode::kReadWrite);
    query::register_functions(database);
    return !is_sound(database, check);
  } catch (const SqliteError& fault) {
    if (fault.corrupt()) return true;
    throw;
  }
}

Salvage salvage_file(const std::string& path) {
  return replace_file(path, migrate_principal_file, copy_essentials);
}

Salvage salvage_project_file(const std::string& path) {
  return replace_file(path, make_project_file, [](Database& from, Database& to, Salvage& salvage) {
    Transaction transaction(to);
    salvage.rows = TableCopy(from, to, "settings").run();
    transaction.commit();
  });
}

void finish_salvage(const std::string& path) {
  if (!fs::exists(path + ".salvaged")) return;
  // A log of the old file must never be read into the new one.
  for (const char* side : kSideFiles) fs::remove(path + side);
  fs::rename(path + ".salvaged", path);
}

bool take_salvaged(Transaction& transaction) {
  Database& database = transaction.database();
  database.execute("DELETE FROM hf_meta WHERE name='salvaged'");
  return database.changes() > 0;
}

bool was_left_open(const std::string& path) {
  std::error_code none;
  const auto size = fs::file_size(path + "-wal", none);
  return !none && size > 0;
}

}  // namespace holdfast::cache
