#include "cache/replica/change_feed.h"

#include <charconv>
#include <limits>
#include <set>

#include "cache/query/sql_text.h"
#include "cache/replica/key.h"
#include "cache/replica/meta.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;
using query::quote_identifier;

constexpr const char* kMakeFeed =
    "CREATE TABLE IF NOT EXISTS hf_feed("
    "  sequence INTEGER PRIMARY KEY AUTOINCREMENT,"
    "  relation TEXT NOT NULL,"
    "  key TEXT NOT NULL,"    // the key's stored values, see note()
    "  at INTEGER NOT NULL,"  // Unix seconds
    // The sequence with which the row came: NULL = this one, 0 = before it was followed.
    "  born INTEGER);"
    "CREATE INDEX IF NOT EXISTS hf_feed_by_row ON hf_feed(relation, key, sequence);";

std::string literal(const std::string& text) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return quoted + "'";
}

std::string trigger_name(const Table& table, const char* event) {
  return quote_identifier("hf_feed|" + std::string(event) + "|" + table.storage_name);
}

// Notes the row anew, behind all others: of a row only the newest change counts. Not as one
// REPLACE: in a trigger the conflict clause of the statement that fires it would take its place.
std::string note(const Table& table, const std::string& image, bool insertion = false) {
  std::string key;
  for (const std::size_t index : table.primary_key->columns) {
    key += (key.empty() ? "quote(" : "||','||quote(") + image + "." +
           quote_identifier(table.columns[index].storage_name) + ")";
  }
  const std::string row = " WHERE relation=" + literal(relation_of(table)) + " AND key=" + key;
  const std::string born = insertion ? "NULL"
                                     : "ifnull((SELECT ifnull(born,sequence) FROM hf_feed" + row +
                                           " ORDER BY sequence DESC LIMIT 1),0)";
  return "INSERT INTO hf_feed(relation,key,at,born) VALUES(" + literal(relation_of(table)) + "," +
         key + ",CAST(strftime('%s','now') AS INTEGER)," + born + ");DELETE FROM hf_feed" + row +
         " AND sequence<(SELECT max(sequence) FROM hf_feed" + row + ");";
}

std::string make_triggers(const Table& table) {
  const std::string on = " ON " + quote_identifier(table.storage_name) + " BEGIN ";
  const std::string begin = "CREATE TRIGGER IF NOT EXISTS ";
  return begin + trigger_name(table, "insert") + " AFTER INSERT" + on + note(table, "new", true) +
         "END;" + begin + trigger_name(table, "update") + " AFTER UPDATE" + on +
         note(table, "old") + note(table, "new") + "END;" + begin + trigger_name(table, "delete") +
         " AFTER DELETE" + on + note(table, "old") + "END;";
}

// "KIND.N.N…" by its numbers; empty when it is no such text.
std::vector<std::int64_t> numbers_of(std::string_view cursor, std::string_view kind) {
  std::vector<std::int64_t> numbers;
  if (!cursor.starts_with(kind)) return numbers;
  cursor.remove_prefix(kind.size());
  while (cursor.starts_with('.')) {
    std::int64_t number = 0;
    const auto read = std::from_chars(cursor.data() + 1, cursor.data() + cursor.size(), number);
    if (read.ec != std::errc()) return {};
    numbers.push_back(number);
    cursor.remove_prefix(static_cast<std::size_t>(read.ptr - cursor.data()));
  }
  return cursor.empty() ? numbers : std::vector<std::int64_t>{};
}

std::string print_cursor(const char* kind, std::initializer_list<std::int64_t> numbers) {
  std::string cursor = kind;
  for (const std::int64_t number : numbers) cursor += "." + std::to_string(number);
  return cursor;
}

std::int64_t number(Database& database, const char* sql) {
  Statement& statement = database.cached(sql);
  const std::int64_t value = statement.step() ? statement.integer(0) : 0;
  statement.reset();
  return value;
}

constexpr const char* kNewest =
    "SELECT ifnull((SELECT seq FROM sqlite_sequence"
    " WHERE name='hf_feed'), 0)";
// Made by a version that did not note when a row came.
constexpr const char* kIsOlder =
    "SELECT count(*) FROM sqlite_schema WHERE name='hf_feed' AND sql NOT LIKE '%born%'";
constexpr const char* kForgotten = "feed_forgotten";  // in hf_meta: up to which number

// Makes `change`, which empties the feed. Whoever follows begins again: the numbers go on, and all
// up to there are forgotten.
void begin_again(Database& database, const std::string& change) {
  const std::int64_t forgotten = number(database, kNewest) + 1;
  database.execute(change + ";DELETE FROM sqlite_sequence WHERE name='hf_feed'");
  Statement& go_on = database.cached("INSERT INTO sqlite_sequence VALUES('hf_feed', ?1)");
  go_on.bind(1, forgotten).run();
  put_meta(database, kForgotten, forgotten);
}

bool exists(Database& database) {
  return number(database, "SELECT 1 FROM sqlite_schema WHERE name='hf_feed'") != 0;
}

// The storage of the tables with this version's triggers.
std::set<std::string> followed(Database& database) {
  std::set<std::string> names;
  Statement& triggers = database.cached(
      "SELECT tbl_name FROM sqlite_schema WHERE type='trigger' AND name GLOB 'hf_feed|*'"
      " AND sql LIKE '%born%' GROUP BY tbl_name HAVING count(*)=3");
  while (triggers.step()) names.emplace(triggers.text(0));
  return names;
}

std::set<std::string> storage_of(const std::vector<const Table*>& tables) {
  std::set<std::string> names;
  for (const Table* table : tables) names.insert(table->storage_name);
  return names;
}

std::string drop_triggers(Database& database) {
  std::string all;
  Statement triggers(database,
                     "SELECT name FROM sqlite_schema WHERE type='trigger' AND name GLOB"
                     " 'hf_feed|*'");
  while (triggers.step()) {
    all += "DROP TRIGGER " + quote_identifier(std::string(triggers.text(0))) + ";";
  }
  return all;
}

// A value as quote() wrote it, from the front of `text`.
Value take_value(std::string_view& text) {
  if (!text.starts_with('\'')) {
    const std::string token(text.substr(0, text.find(',')));
    text.remove_prefix(token.size());
    if (token.find_first_of(".eE") != std::string::npos) return std::stod(token);
    return std::int64_t{std::stoll(token)};
  }
  std::string value;
  for (text.remove_prefix(1); !text.empty(); text.remove_prefix(1)) {
    if (text.front() == '\'') {
      text.remove_prefix(1);
      if (!text.starts_with('\'')) break;
    }
    value += text.front();
  }
  return value;
}

// The key's stored values, as note() has put them down.
std::vector<Value> stored_key(std::string_view text) {
  std::vector<Value> values;
  while (!text.empty()) {
    values.push_back(take_value(text));
    if (text.starts_with(',')) text.remove_prefix(1);
  }
  return values;
}

std::string key_text(const Table& table, const std::vector<Value>& key) {
  Row row(table.columns.size(), Null{});
  for (std::size_t i = 0; i < key.size(); ++i) row[table.primary_key->columns[i]] = key[i];
  return key_of(table, row);
}

// Client writes wait for no more.
bool forget_some(Database& database, std::int64_t before) {
  Statement& last = database.cached(
      "SELECT max(sequence) FROM (SELECT sequence FROM hf_feed WHERE at<?1 ORDER BY sequence"
      " LIMIT 500)");
  last.bind(1, before).step();
  const bool any = !last.is_null(0);
  const std::int64_t sequence = any ? last.integer(0) : 0;
  last.reset();
  if (!any) return false;
  put_meta(database, kForgotten, sequence);
  Statement& forget = database.cached("DELETE FROM hf_feed WHERE sequence<=?1 AND at<?2");
  forget.bind(1, sequence).bind(2, before).run();
  return true;
}

}  // namespace

void forget_feed(Transaction& transaction) {
  Database& database = transaction.database();
  if (exists(database)) begin_again(database, "DELETE FROM hf_feed");
}

std::optional<FeedPage> ChangeFeed::page(const std::string& cursor, std::size_t most) {
  follow_tables();
  if (cursor.empty()) {
    const std::int64_t start = number(*store_.reader(), kNewest);
    return snapshot_page(start, 0, std::numeric_limits<std::int64_t>::min(), most);
  }
  const std::int64_t forgotten = meta_number(*store_.reader(), kForgotten).value_or(0);
  const auto snapshot = numbers_of(cursor, "rows");
  if (snapshot.size() == 3 && snapshot[0] < forgotten) return std::nullopt;
  if (snapshot.size() == 3 && snapshot[1] >= 0) {
    return snapshot_page(snapshot[0], static_cast<std::size_t>(snapshot[1]), snapshot[2], most);
  }
  const auto changes = numbers_of(cursor, "changes");
  auto reader = store_.reader();
  if (changes.size() != 1 || changes[0] < forgotten || changes[0] > number(*reader, kNewest)) {
    return std::nullopt;
  }
  return changes_page(changes[0], most);
}

std::string ChangeFeed::now() {
  follow_tables();
  return print_cursor("changes", {number(*store_.reader(), kNewest)});
}

// What became of a table's rows before it was followed, and of those of one that has left, nobody
// can be told.
void ChangeFeed::follow_tables() {
  const auto wanted = tables();
  const auto storage = storage_of(wanted);
  const auto is_settled = [&](Database& database) {
    return exists(database) && followed(database) == storage;
  };
  if (is_settled(*store_.reader())) return;
  store_.writer().run(Priority::kClient, [&](Transaction& transaction) {
    Database& database = transaction.database();
    if (is_settled(database)) return;
    database.execute(drop_triggers(database));
    if (number(database, kIsOlder) > 0) {
      begin_again(database, std::string("DROP TABLE hf_feed;") + kMakeFeed);
    } else {
      forget_feed(transaction);
      database.execute(kMakeFeed);
    }
    for (const Table* table : wanted) database.execute(make_triggers(*table));
  });
}

// Rows in order of their rowids, which stay while the table does. What changes meanwhile comes
// behind them: `start` is the newest change as the first page was asked for.
FeedPage ChangeFeed::snapshot_page(std::int64_t start, std::size_t table, std::int64_t after,
                                   std::size_t most) {
  FeedPage page;
  const auto all = tables();
  auto reader = store_.reader();
  for (; table < all.size(); ++table, after = std::numeric_limits<std::int64_t>::min()) {
    Statement statement(*reader, "SELECT rowid FROM " + quote_identifier(all[table]->storage_name) +
                                     " WHERE rowid>?1 ORDER BY rowid LIMIT ?2");
    statement.bind(1, after);
    statement.bind(2, static_cast<std::int64_t>(most - page.changes.size()));
    while (statement.step()) {
      after = statement.integer(0);
      Row row = store_.overlay().rows(*all[table]).get(*reader, after);
      std::string key = key_of(*all[table], row);
      page.changes.push_back({all[table], std::move(key), std::move(row), true});
    }
    if (page.changes.size() >= most) break;
  }
  page.more = true;  // what changed meanwhile
  page.cursor = table < all.size()
                    ? print_cursor("rows", {start, static_cast<std::int64_t>(table), after})
                    : print_cursor("changes", {start});
  return page;
}

FeedPage ChangeFeed::changes_page(std::int64_t after, std::size_t most) {
  FeedPage page;
  auto reader = store_.reader();
  Statement statement(*reader,
                      "SELECT sequence, relation, key, ifnull(born, sequence) FROM hf_feed"
                      " WHERE sequence>?1"
                      " ORDER BY sequence LIMIT ?2");
  statement.bind(1, after).bind(2, static_cast<std::int64_t>(most) + 1);
  const std::int64_t seen = after;
  std::size_t read = 0;
  while (statement.step()) {
    if (++read > most) {
      page.more = true;
      break;
    }
    after = statement.integer(0);
    const Table* table = store_.overlay().find_table(statement.text(1));
    if (table == nullptr || !table->primary_key) continue;
    const auto key = stored_key(statement.text(2));
    if (key.size() != table->primary_key->columns.size()) continue;  // its key is another one now
    auto found = store_.overlay().rows(*table).find(*reader, key);
    const bool fresh = statement.integer(3) > seen;
    page.changes.push_back({table, key_text(*table, key),
                            found ? std::optional(std::move(found->row)) : std::nullopt, fresh});
  }
  page.cursor = print_cursor("changes", {after});
  return page;
}

void ChangeFeed::forget(Timestamp time) {
  const auto before = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch());
  {
    auto reader = store_.reader();
    if (!exists(*reader)) return;
    Statement& oldest = reader->cached("SELECT at FROM hf_feed ORDER BY sequence LIMIT 1");
    const bool due = oldest.step() && oldest.integer(0) < before.count();
    oldest.reset();
    if (!due) return;
  }
  bool more = true;
  while (more) {
    store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
      more = forget_some(transaction.database(), before.count());
    });
  }
}

// Of rows without a key nobody could say which one went.
std::vector<const Table*> ChangeFeed::tables() const {
  std::vector<const Table*> tables;
  for (const Table* table : store_.replicated()) {
    if (table->primary_key) tables.push_back(table);
  }
  return tables;
}

}  // namespace holdfast::cache
