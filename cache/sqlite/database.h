#pragma once

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <unordered_map>

#include "cache/sqlite/function.h"
#include "cache/sqlite/statement.h"

struct sqlite3;

namespace holdfast::cache {

// A fault of SQLite: its extended result code and words.
class SqliteError : public std::runtime_error {
 public:
  SqliteError(int code, const std::string& words) : std::runtime_error(words), code_(code) {}
  // What SQLite says when the disk is full.
  static SqliteError full(const std::string& words);

  int code() const { return code_; }
  // The disk or the file's size limit is full (SQLITE_FULL).
  bool disk_full() const;
  // The file is no database, or damaged (SQLITE_CORRUPT, SQLITE_NOTADB).
  bool corrupt() const;
  // A TimeLimit ended it (SQLITE_INTERRUPT).
  bool interrupted() const;

 private:
  int code_;
};

enum class OpenMode {
  kReadWrite,  // created when missing; WAL, synchronous=FULL
  kReadOnly,   // must exist
};

// One connection to one file.
//
// Connections share nothing; SQLite's memory statistics are switched off for the process at the
// first open. One thread at a time: whoever holds it.
class Database {
 public:
  Database(const std::string& path, OpenMode mode);
  ~Database();
  Database(const Database&) = delete;
  Database& operator=(const Database&) = delete;

  // Runs statements that give no rows and take no values. Literals only.
  void execute(const char* sql);
  void execute(const std::string& sql) { execute(sql.c_str()); }

  void define(const ScalarFunction& function);
  void define(const AggregateFunction& function);
  void define(const Collation& collation);
  // Where collations come from that are not defined.
  void define_collations(CollationFactory factory);

  // A statement prepared once and kept; it comes reset and without values. At most
  // kCachedStatements are kept, the least recently used one goes. Valid until the next call with
  // another text, so it is for use at once; it must not be stepped by two callers at a time.
  Statement& cached(std::string_view sql);

  // Whether there is a table of this name, as the present transaction sees it.
  bool has_table(const std::string& name);

  // The path of the file; "" for a database in memory.
  std::string path() const;
  // Ends the statements that stand in mid-step: each would hold the state of the file that it saw
  // first, and everything read later on this connection would be as old.
  void let_go_of_snapshot();

  std::int64_t last_insert_rowid() const;
  std::int64_t changes() const;
  // Whether a transaction is open.
  bool in_transaction() const;

  sqlite3* handle() const { return handle_.get(); }  // for cache/sqlite only

  static constexpr std::size_t kCachedStatements = 200;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct CachedStatement {
    Statement statement;
    std::uint64_t used;
  };
  struct TextHash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  void evict_one();

  std::unique_ptr<sqlite3, Close> handle_;
  std::unordered_map<std::string, CachedStatement, TextHash, std::equal_to<>> statements_;
  std::uint64_t uses_ = 0;
};

}  // namespace holdfast::cache
