#include "cache/replica/store.h"

#include "cache/query/query.h"
#include "cache/replica/change_feed.h"
#include "cache/replica/key.h"
#include "cache/replica/meta.h"
#include "cache/replica/migrations.h"
#include "cache/replica/recheck.h"
#include "cache/replica/salvage.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

std::unique_ptr<Database> open_database(const std::string& path, OpenMode mode) {
  auto database = std::make_unique<Database>(path, mode);
  query::register_functions(*database);
  return database;
}

// In hf_meta: when the replica was last read, seconds; whether its rows were let go of.
constexpr const char* kUsedAt = "used_at";
constexpr const char* kAbsent = "absent";

// What limits the rows beside their scope: "max_rows=N", "deleted_at=NAME" or both.
std::string print_limits(const Table& table, const Part& part) {
  std::string limits;
  if (part.max_rows > 0) limits = "max_rows=" + std::to_string(part.max_rows);
  if (part.deleted_at) {
    limits +=
        (limits.empty() ? "deleted_at=" : " deleted_at=") + table.columns[*part.deleted_at].name;
  }
  return limits;
}

// Whether rows that are kept now were not under `old`, so that a table that was complete is not.
bool rows_missing(std::string_view old, bool left_out, const Part& now) {
  const bool limited = old.find("max_rows=") != old.npos;
  return (limited && now.max_rows == 0) || (left_out && !now.deleted_at);
}

}  // namespace

Store::Store(const std::string& path, http::Principal principal,
             std::shared_ptr<const Catalog> catalog, const std::vector<const Table*>& replicated,
             Parts parts)
    : principal_(std::move(principal)),
      catalog_(std::move(catalog)),
      replicated_(replicated),
      parts_(std::move(parts)),
      overlay_(*catalog_),
      readers_(std::make_shared<ReaderPool>(path)),
      states_(catalog_->tables().size()) {
  auto database = open_database(path, OpenMode::kReadWrite);
  migrate_principal_file(*database);
  create_tables(*database);
  load_states(*database);
  used_at_ = meta_number(*database, kUsedAt).value_or(used_at_.load());
  saved_used_at_ = used_at_.load();
  indexes_ = std::make_unique<LearnedIndexes>(*database);
  claims_ = std::make_unique<ClaimsEpoch>(*database);
  writer_ = std::make_unique<Writer>(std::move(database));
  writer_->after_commit([readers = readers_] { readers->renew(); });
}

const Part& Store::part(const Table& table) const {
  static const Part whole;
  const auto found = parts_.find(&table);
  return found == parts_.end() ? whole : found->second;
}

void Store::save_used() {
  saved_used_at_ = used_at_.load();
  writer_->run(Writer::Priority::kBackground, [&](Transaction& transaction) {
    put_meta(transaction.database(), kUsedAt, used_at_.load());
  });
}

void Store::let_go_of_rows() {
  // Before they go: an answer without them would be wrong.
  for (const Table* table : replicated_) publish(*table, TableStatus::kSyncing);
  writer_->run(Writer::Priority::kEssential, [&](Transaction& transaction) {
    Database& database = transaction.database();
    for (const Table* table : replicated_) overlay_.rows(*table).erase_all(transaction);
    database.execute(
        "UPDATE hf_tables SET complete=0, denied=NULL, initial_key=NULL, cursor=NULL, added=NULL,"
        " synced=NULL, pulls=-1, recheck=0, left_out=0, pulled_at=NULL;"
        "DELETE FROM hf_rereads; DELETE FROM hf_acknowledged_rows; DELETE FROM hf_blocks;"
        "DELETE FROM hf_unreadable; DELETE FROM hf_responses;");
    put_meta(database, kAbsent, std::int64_t{1});
    forget_feed(transaction);
    overlay_.show_pending(transaction);
  });
}

void Store::come_back() {
  writer_->run(Writer::Priority::kEssential,
               [&](Transaction& transaction) { forget_meta(transaction.database(), kAbsent); });
}

void Store::note_left_out(const Table& table, bool left_out) {
  std::atomic<bool>& known = states_[index_of(table)].left_out;
  if (known == left_out) return;
  if (left_out) known = true;
  writer_->run(Writer::Priority::kBackground, [&](Transaction& transaction) {
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET left_out=?2 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_of(table))).bind(2, std::int64_t{left_out}).run();
  });
  known = left_out;
}

std::size_t Store::index_of(const Table& table) const {
  return static_cast<std::size_t>(&table - catalog_->tables().data());
}

void Store::create_tables(Database& database) {
  Transaction transaction(database);
  bool show_again = take_salvaged(transaction);
  std::string followed = "[";
  for (const Table* table : replicated_) {
    show_again = create_table(transaction, *table) || show_again;
    if (followed.size() > 1) followed += ',';
    append_json_string(relation_of(*table), followed);
  }
  // With the types of now, rows that could not be kept perhaps can.
  database.execute(
      "INSERT OR IGNORE INTO hf_rereads SELECT relation, key FROM hf_unreadable WHERE key<>''");
  // What is not followed for a while is compared when it is followed again.
  Statement others(database,
                   "UPDATE hf_tables SET recheck=?2"
                   " WHERE relation NOT IN (SELECT value FROM json_each(?1))");
  others.bind(1, std::string_view(followed + "]"));
  others.bind(2, static_cast<std::int64_t>(Recheck::kValues)).run();
  if (show_again) overlay_.show_pending(transaction);
  transaction.commit();
}

bool Store::create_table(Transaction& transaction, const Table& table) {
  Database& database = transaction.database();
  const std::string signature = signature_of(table);
  const Part& wanted = part(table);
  const std::string limits = print_limits(table, wanted);
  Statement& known = database.cached(
      "SELECT signature, complete, scope, limits, left_out FROM hf_tables WHERE relation=?1");
  known.bind(1, std::string_view(relation_of(table)));
  const bool is_known = known.step();
  const std::string old = is_known ? std::string(known.text(0)) : "";
  const bool complete = is_known && known.integer(1) != 0;
  const bool other_scope = is_known && known.text(2) != wanted.scope;
  const bool other_limits = is_known && known.text(3) != limits;
  const bool lacks_rows =
      other_limits && rows_missing(known.text(3), known.integer(4) != 0, wanted);
  known.reset();
  SchemaChange change = is_known ? change_since(old, table) : SchemaChange{};
  // A first sync that has not ended has rows without the column, and goes by keys.
  if (!complete && !change.added.empty()) change.read_again = true;
  if (other_scope || lacks_rows) change.read_again = true;
  if (change.read_again) return make_table_anew(transaction, table, signature, change);
  for (const std::size_t column : change.added) overlay_.rows(table).forget(transaction, column);
  overlay_.rows(table).create(transaction);
  if (is_known && old != signature) overlay_.rows(table).forget_others(transaction);
  if (wanted.deleted_at) overlay_.rows(table).create_sparse_index(transaction, *wanted.deleted_at);
  Statement& upsert = database.cached(
      "INSERT INTO hf_tables(relation, signature, complete, scope, limits) VALUES(?1, ?2, 0, ?4, "
      "?5)"
      " ON CONFLICT DO UPDATE SET signature=excluded.signature, added=ifnull(?3, added),"
      " recheck=iif(limits=excluded.limits, recheck, ?6), limits=excluded.limits");
  upsert.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(signature));
  if (!change.added.empty()) upsert.bind(3, std::string_view(name_list(table, change.added)));
  upsert.bind(4, std::string_view(wanted.scope)).bind(5, std::string_view(limits));
  upsert.bind(6, static_cast<std::int64_t>(Recheck::kValues)).run();
  return !change.added.empty();
}

// Rows of other columns are read again, pending writes stay on top, and the next pull but one
// compares keys, for rows that have gone since.
bool Store::make_table_anew(Transaction& transaction, const Table& table,
                            const std::string& signature, const SchemaChange& change) {
  overlay_.rows(table).drop(transaction);
  overlay_.rows(table).create(transaction);
  const Part& wanted = part(table);
  if (wanted.deleted_at) overlay_.rows(table).create_sparse_index(transaction, *wanted.deleted_at);
  if (change.other_key) rename_pending_rows(transaction, table);
  Statement& update = transaction.database().cached(
      "UPDATE hf_tables SET signature=?2, complete=0, denied=NULL, initial_key=NULL, cursor=NULL,"
      " added=NULL, synced=NULL, pulls=-1, recheck=0, scope=?3, limits=?4, left_out=0"
      " WHERE relation=?1");
  update.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(signature));
  update.bind(3, std::string_view(wanted.scope));
  update.bind(4, std::string_view(print_limits(table, wanted))).run();
  for (const char* sql :
       {"DELETE FROM hf_rereads WHERE relation=?1",
        "DELETE FROM hf_acknowledged_rows WHERE relation=?1",
        "DELETE FROM hf_blocks WHERE relation=?1", "DELETE FROM hf_unreadable WHERE relation=?1"}) {
    Statement& forget = transaction.database().cached(sql);
    forget.bind(1, std::string_view(relation_of(table))).run();
  }
  return true;
}

void Store::load_states(Database& database) {
  for (const Table* table : replicated_) {
    Statement& statement = database.cached(
        "SELECT complete AND added IS NULL AND relation NOT IN (SELECT relation FROM "
        "hf_unreadable),"
        " denied, denied_status, pulled_at, left_out FROM hf_tables WHERE relation=?1");
    statement.bind(1, std::string_view(relation_of(*table))).step();
    states_[index_of(*table)].pulled_at = statement.integer(3);
    states_[index_of(*table)].left_out = statement.integer(4) != 0;
    if (!statement.is_null(1)) {
      publish(*table, TableStatus::kDenied,
              Denial{static_cast<int>(statement.integer(2)), std::string(statement.text(1))});
    } else {
      publish(*table, statement.integer(0) != 0 ? TableStatus::kComplete : TableStatus::kSyncing);
    }
    statement.reset();
  }
}

TableStatus Store::status(const Table& table) const { return states_[index_of(table)].status; }

Denial Store::denial(const Table& table) const {
  MutexLock lock(mutex_);
  const auto found = denials_.find(&table);
  return found == denials_.end() ? Denial{403, ""} : found->second;
}

void Store::mark_complete(Transaction& transaction, const Table& table) {
  Statement& statement = transaction.database().cached(
      "UPDATE hf_tables SET complete=1, denied=NULL, denied_status=NULL, initial_key=NULL"
      " WHERE relation=?1");
  statement.bind(1, std::string_view(relation_of(table))).run();
}

void Store::mark_denied(Transaction& transaction, const Table& table, const Denial& denial) {
  Statement& statement = transaction.database().cached(
      "UPDATE hf_tables SET complete=1, denied=?2, denied_status=?3, cursor=NULL,"
      " initial_key=NULL WHERE relation=?1");
  statement.bind(1, std::string_view(relation_of(table))).bind(2, std::string_view(denial.body));
  statement.bind(3, std::int64_t{denial.status}).run();
}

void Store::mark_syncing(Transaction& transaction, const Table& table) {
  Statement& statement = transaction.database().cached(
      "UPDATE hf_tables SET complete=0, denied=NULL, denied_status=NULL, cursor=NULL,"
      " initial_key=NULL WHERE relation=?1");
  statement.bind(1, std::string_view(relation_of(table))).run();
}

void Store::publish(const Table& table, TableStatus status, std::optional<Denial> denial) {
  {
    MutexLock lock(mutex_);
    if (denial) {
      denials_[&table] = *std::move(denial);
    } else {
      denials_.erase(&table);
    }
  }
  states_[index_of(table)].status = status;
}

std::optional<std::chrono::seconds> Store::age(const Table& table, Timestamp now) const {
  const std::int64_t pulled_at = states_[index_of(table)].pulled_at;
  if (pulled_at == 0) return std::nullopt;
  const auto age = now - Timestamp(std::chrono::microseconds(pulled_at));
  return std::max(std::chrono::duration_cast<std::chrono::seconds>(age), std::chrono::seconds(0));
}

void Store::note_pulled(const Table& table, Timestamp started) {
  states_[index_of(table)].pulled_at = started.time_since_epoch().count();
}

void Store::note_forwarded_write() {
  ++forwarded_writes_;
  writer_->submit(
      Writer::Priority::kEssential,
      [](Transaction& transaction) { transaction.database().execute("DELETE FROM hf_responses"); },
      [](const std::exception_ptr&) {});
}

void Store::note_pull_finished(std::int64_t forwarded_writes_at_start) {
  pulled_writes_ = std::max(pulled_writes_.load(), forwarded_writes_at_start);
}

}  // namespace holdfast::cache
