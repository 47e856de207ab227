#include <set>

#include "cache/pull/images.h"
#include "cache/pull/table_pull.h"
#include "cache/query/sql_text.h"
#include "cache/replica/key.h"

namespace holdfast::cache {
namespace {

std::string storage_names(const Table& table, const std::vector<std::size_t>& columns,
                          const std::string& order = "") {
  std::string names;
  for (const std::size_t index : columns) {
    names += (names.empty() ? "" : ",") +
             query::quote_identifier(table.columns[index].storage_name) + order;
  }
  return names;
}

std::string newest_first(const Table& table, std::optional<std::size_t> stamp) {
  return (stamp ? storage_names(table, {*stamp}, " DESC NULLS LAST,") : std::string()) +
         storage_names(table, table.primary_key->columns, " DESC");
}

}  // namespace

std::optional<PullFailure> TablePull::pull_newest(const Progress& progress, bool compare) {
  const bool follows = progress.complete && !compare && progress.added.empty();
  if (follows && stamp_ && progress.cursor) return read_changes(progress);
  if (progress.cursor) newest_stamp_ = progress.cursor;
  return read_newest();
}

// All of them, by their place: what moves while they are read may be missed, and is then asked from
// the upstream.
std::optional<PullFailure> TablePull::read_newest() {
  write([&](Transaction& transaction) {
    Statement& statement = transaction.database().cached(
        "UPDATE hf_tables SET recheck=0, added=NULL WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
  });
  scrubbed_ = true;
  std::set<std::string> seen;
  for (std::int64_t place = 0; place < part_.max_rows;) {
    const std::int64_t mark = acknowledgement_mark();
    auto fetched = source_.newest(stamp_, place, part_.max_rows - place);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    const auto& page = std::get<RowPage>(fetched);
    if (!page.last) break;
    note_stamps(page);
    write([&](Transaction& transaction) { apply_page(transaction, page, mark); });
    for (const Row& row : page.rows) seen.insert(key_of(table_, row));
    for (const UnreadableRow& row : page.unreadable) seen.insert(row.key);
    place += static_cast<std::int64_t>(page.rows.size() + page.unreadable.size());
  }
  auto others = settled_keys("true");
  std::erase_if(others, [&](const std::string& key) { return seen.contains(key); });
  let_go(others);
  write([&](Transaction& transaction) { store_.mark_complete(transaction, table_); });
  publish_completeness();
  return std::nullopt;
}

void TablePull::keep_newest() {
  if (part_.max_rows == 0 || rows_ == 0) return;
  let_go(settled_keys("true ORDER BY " + newest_first(table_, stamp_) + " LIMIT -1 OFFSET " +
                      std::to_string(part_.max_rows)));
}

// Whoever follows the replica would be told of them with each pull, that they came and went.
void TablePull::drop_older(RowPage& page) {
  if (part_.max_rows == 0 || !stamp_) return;
  auto reader = store_.reader();
  const std::string relation = query::quote_identifier(table_.storage_name);
  const auto& key = table_.primary_key->columns;
  Statement oldest(*reader, "SELECT rowid FROM " + relation + " ORDER BY " +
                                newest_first(table_, stamp_) + " LIMIT 1 OFFSET " +
                                std::to_string(part_.max_rows - 1));
  if (!oldest.step()) return;
  const std::string stamp = storage_names(table_, {*stamp_});
  std::string placeholders;
  for (std::size_t i = 0; i < key.size(); ++i) {
    placeholders += (i > 0 ? ",?" : "?") + std::to_string(i + 3);
  }
  Statement newer(*reader, "SELECT 1 FROM " + relation + " WHERE rowid=?1 AND (" + stamp +
                               ">?2 OR (" + stamp + " IS NOT NULL AND ?2 IS NULL) OR (" + stamp +
                               " IS ?2 AND (" + storage_names(table_, key) + ")>(" + placeholders +
                               ")))");
  newer.bind(1, oldest.integer(0));
  std::erase_if(page.rows, [&](const Row& row) {
    newer.reset();
    newer.bind(2, row[*stamp_]);
    for (std::size_t i = 0; i < key.size(); ++i) {
      newer.bind(static_cast<int>(i) + 3, row[key[i]]);
    }
    if (!newer.step()) return false;
    const std::string name = key_of(table_, row);
    return !store_.overlay().base_of(*reader, table_, name) &&
           !store_.overlay().is_pending(*reader, table_, name);
  });
}

void TablePull::leave_out_expired() {
  if (!part_.deleted_at || !table_.primary_key) return;
  const auto expired = settled_keys(storage_names(table_, {*part_.deleted_at}) + "<" +
                                    std::to_string(stamp_of(started_ - options_.tombstones)));
  if (expired.empty()) return;
  store_.note_left_out(table_, true);
  let_go(expired);
}

// One that is here changes first, so that it is known to be expired.
void TablePull::drop_expired(RowPage& page) {
  if (!part_.deleted_at) return;
  const std::int64_t cutoff = stamp_of(started_ - options_.tombstones);
  auto reader = store_.reader();
  const auto dropped = std::erase_if(page.rows, [&](const Row& row) {
    const auto* deleted = std::get_if<std::int64_t>(&row[*part_.deleted_at]);
    return deleted != nullptr && *deleted < cutoff &&
           !store_.overlay().base_of(*reader, table_, key_of(table_, row));
  });
  if (dropped > 0) store_.note_left_out(table_, true);
}

std::optional<PullFailure> TablePull::look_for_expired() {
  if (!part_.deleted_at) return std::nullopt;
  auto fetched = source_.left_out();
  if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
  store_.note_left_out(table_, std::get<RowPage>(fetched).last.has_value());
  return std::nullopt;
}

void TablePull::let_go(const std::vector<std::string>& keys) {
  in_steps(keys, [&](Transaction& transaction, const std::string& key) {
    // A write that came since shows the row on this base.
    if (store_.overlay().is_pending(transaction.database(), table_, key)) return;
    store_.overlay().put_base(transaction, table_, key, std::nullopt);
    forget_unreadable(transaction, relation_, key);
  });
}

std::vector<std::string> TablePull::settled_keys(const std::string& conditions) {
  const auto& key = table_.primary_key->columns;
  auto reader = store_.reader();
  std::set<std::string, std::less<>> pending;
  Statement& set_aside = reader->cached("SELECT key FROM hf_pending_base WHERE relation=?1");
  set_aside.bind(1, std::string_view(relation_));
  while (set_aside.step()) pending.emplace(set_aside.text(0));
  Statement statement(*reader, "SELECT " + storage_names(table_, key) + " FROM " +
                                   query::quote_identifier(table_.storage_name) + " WHERE " +
                                   conditions);
  std::vector<std::string> keys;
  while (statement.step()) {
    Row row(table_.columns.size(), Null{});
    for (std::size_t i = 0; i < key.size(); ++i) {
      row[key[i]] = own(statement.column(static_cast<int>(i)));
    }
    std::string found = key_of(table_, row);
    if (!pending.contains(found)) keys.push_back(std::move(found));
  }
  return keys;
}

}  // namespace holdfast::cache
