#include "cache/sqlite/database.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <unistd.h>

#include <mutex>

#include "cache/sqlite/gathering_vfs.h"

namespace holdfast::cache {
namespace {

// Statistics take a global lock at every allocation, which halves two threads' rate of building
// JSON in SQL. It must be set before the library's first use.
void configure_process() {
  static std::once_flag once;
  std::call_once(once, [] {
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_initialize();
  });
}

void check(sqlite3* database, int code) {
  if (code != SQLITE_OK) throw SqliteError(code, sqlite3_errmsg(database));
}

void call_scalar(sqlite3_context* raw, int count, sqlite3_value** values) {
  FunctionContext context(raw);
  static_cast<const ScalarFunction*>(sqlite3_user_data(raw))
      ->call(context, Arguments(count, values));
}

void call_step(sqlite3_context* raw, int count, sqlite3_value** values) {
  FunctionContext context(raw);
  static_cast<const AggregateFunction*>(sqlite3_user_data(raw))
      ->step(context, Arguments(count, values));
}

void call_finish(sqlite3_context* raw) {
  FunctionContext context(raw);
  static_cast<const AggregateFunction*>(sqlite3_user_data(raw))->finish(context);
}

int call_compare(void* user, int a_size, const void* a, int b_size, const void* b) {
  return static_cast<const Collation*>(user)->compare(
      {static_cast<const char*>(a), static_cast<std::size_t>(a_size)},
      {static_cast<const char*>(b), static_cast<std::size_t>(b_size)});
}

template <typename Definition>
void delete_definition(void* definition) {
  delete static_cast<Definition*>(definition);
}

int call_named(void* user, int a_size, const void* a, int b_size, const void* b) {
  return static_cast<const NamedCollation*>(user)->compare(
      {static_cast<const char*>(a), static_cast<std::size_t>(a_size)},
      {static_cast<const char*>(b), static_cast<std::size_t>(b_size)});
}

// SQLite itself would let everybody read it; what it keeps beside it gets the same mode. A file
// that is there is not opened: closing it again would drop the locks that this process has on it.
void make_private(const std::string& path) {
  if (path.empty() || path.starts_with(':') || path.starts_with("file:")) return;
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
  if (file >= 0) close(file);
}

// SQLite asks for a collation that a statement names; one that stays unknown fails the statement.
void make_collation(void* factory, sqlite3* database, int, const char* name) {
  auto collation = reinterpret_cast<CollationFactory>(factory)(name);
  if (!collation) return;
  sqlite3_create_collation_v2(database, name, SQLITE_UTF8, collation.release(), call_named,
                              delete_definition<NamedCollation>);
}

}  // namespace

SqliteError SqliteError::full(const std::string& words) { return {SQLITE_FULL, words}; }

bool SqliteError::disk_full() const { return (code_ & 0xff) == SQLITE_FULL; }
bool SqliteError::corrupt() const {
  return (code_ & 0xff) == SQLITE_CORRUPT || (code_ & 0xff) == SQLITE_NOTADB;
}

bool SqliteError::interrupted() const { return (code_ & 0xff) == SQLITE_INTERRUPT; }

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }

Database::Database(const std::string& path, OpenMode mode) {
  configure_process();
  const int access = mode == OpenMode::kReadOnly ? SQLITE_OPEN_READONLY
                                                 : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  if (mode == OpenMode::kReadWrite) make_private(path);
  sqlite3* handle = nullptr;
  const char* vfs = mode == OpenMode::kReadOnly ? nullptr : gathering_vfs();
  const int code = sqlite3_open_v2(path.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX, vfs);
  handle_.reset(handle);
  if (code != SQLITE_OK) {
    throw SqliteError(code, "cannot open " + path + ": " +
                                (handle == nullptr ? "no memory" : sqlite3_errmsg(handle)));
  }
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, 5000);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  // Double-quoted strings would turn a misspelt column into a constant.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DML, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DQS_DDL, 0, nullptr);
  if (mode == OpenMode::kReadWrite) {
    execute("PRAGMA synchronous=FULL; PRAGMA journal_mode=WAL; PRAGMA cache_size=-4096");
  } else {
    // What a reader sorts is soon an answer, in memory as well; an index that the writer makes of
    // millions of rows is sorted in files.
    // Its pages are less than the writer's, for there are several readers; the system's cache holds
    // the file for all of them.
    execute("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-2560");
  }
  // Pages of a mapped file would count as this process's memory, once per connection; copied ones
  // are as fast while what an app reads fits the cache.
  execute("PRAGMA mmap_size=0");
}

Database::~Database() { statements_.clear(); }

void Database::execute(const char* sql) {
  check(handle_.get(), sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr));
}

void Database::define(const ScalarFunction& function) {
  const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC |
                    (function.in_schema ? SQLITE_INNOCUOUS : SQLITE_DIRECTONLY);
  check(handle_.get(),
        sqlite3_create_function_v2(handle_.get(), function.name, function.argument_count, flags,
                                   new ScalarFunction(function), call_scalar, nullptr, nullptr,
                                   delete_definition<ScalarFunction>));
}

void Database::define(const AggregateFunction& function) {
  check(handle_.get(),
        sqlite3_create_function_v2(handle_.get(), function.name, function.argument_count,
                                   SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
                                   new AggregateFunction(function), nullptr, call_step, call_finish,
                                   delete_definition<AggregateFunction>));
}

void Database::define(const Collation& collation) {
  check(handle_.get(), sqlite3_create_collation_v2(handle_.get(), collation.name, SQLITE_UTF8,
                                                   new Collation(collation), call_compare,
                                                   delete_definition<Collation>));
}

void Database::define_collations(CollationFactory factory) {
  check(handle_.get(),
        sqlite3_collation_needed(handle_.get(), reinterpret_cast<void*>(factory), make_collation));
}

Statement& Database::cached(std::string_view sql) {
  ++uses_;
  if (const auto known = statements_.find(sql); known != statements_.end()) {
    known->second.used = uses_;
    known->second.statement.reset();
    known->second.statement.clear_bindings();
    return known->second.statement;
  }
  if (statements_.size() >= kCachedStatements) evict_one();
  return statements_.emplace(std::string(sql), CachedStatement{Statement(*this, sql), uses_})
      .first->second.statement;
}

void Database::evict_one() {
  auto oldest = statements_.begin();
  for (auto it = statements_.begin(); it != statements_.end(); ++it) {
    if (it->second.used < oldest->second.used) oldest = it;
  }
  statements_.erase(oldest);
}

bool Database::has_table(const std::string& name) {
  // Each statement makes SQLite look whether the schema that it has read is still the file's.
  cached("SELECT 1 FROM sqlite_schema LIMIT 0").run();
  return sqlite3_table_column_metadata(handle_.get(), "main", name.c_str(), nullptr, nullptr,
                                       nullptr, nullptr, nullptr, nullptr) == SQLITE_OK;
}

std::string Database::path() const {
  const char* path = sqlite3_db_filename(handle_.get(), "main");
  return path == nullptr ? "" : path;
}

void Database::let_go_of_snapshot() {
  if (sqlite3_txn_state(handle_.get(), "main") == SQLITE_TXN_NONE) return;
  sqlite3_stmt* statement = nullptr;
  while ((statement = sqlite3_next_stmt(handle_.get(), statement)) != nullptr) {
    if (sqlite3_stmt_busy(statement) != 0) sqlite3_reset(statement);
  }
}

std::int64_t Database::last_insert_rowid() const {
  return sqlite3_last_insert_rowid(handle_.get());
}

std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

bool Database::in_transaction() const { return sqlite3_get_autocommit(handle_.get()) == 0; }

}  // namespace holdfast::cache
