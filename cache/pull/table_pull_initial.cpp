#include <future>

#include "cache/pull/images.h"
#include "cache/pull/table_pull.h"
#include "cache/replica/key.h"

namespace holdfast::cache {

std::optional<PullFailure> TablePull::initial_sync(const Progress& progress) {
  const auto columns = table_.kept_columns();
  // Until the upstream was asked whether there are any.
  if (part_.deleted_at) store_.note_left_out(table_, true);
  const std::optional<Row>& after = progress.initial_key;
  if (progress.cursor) newest_stamp_ = progress.cursor;
  scrubbed_ = true;
  if (!after) {
    auto whole = sync_in_one_page(columns);
    if (!std::holds_alternative<bool>(whole)) return std::get<PullFailure>(std::move(whole));
    if (std::get<bool>(whole)) return std::nullopt;
  }
  struct Fetched {
    std::int64_t mark;
    std::variant<RowPage, PullFailure> page;
  };
  const auto fetch = [&](const std::optional<Row>& behind) {
    return Fetched{acknowledgement_mark(), source_.by_key(columns, behind)};
  };
  auto coming = std::async(std::launch::async, fetch, after);
  for (;;) {
    Fetched fetched = coming.get();
    if (auto* failure = std::get_if<PullFailure>(&fetched.page)) return std::move(*failure);
    const auto& page = std::get<RowPage>(fetched.page);
    note_stamps(page);
    // The upstream makes the next one while this one is written.
    if (page.last) coming = std::async(std::launch::async, fetch, page.last);
    write([&](Transaction& transaction) {
      apply_page(transaction, page, fetched.mark);
      if (page.last) return note_sync_progress(transaction, page);
      store_.mark_complete(transaction, table_);
    });
    if (!page.last) break;
  }
  publish_completeness();
  return std::nullopt;
}

// In the page's own transaction: a sync that is killed goes on behind what is here for good.
void TablePull::note_sync_progress(Transaction& transaction, const RowPage& page) {
  Statement& statement = transaction.database().cached(
      "UPDATE hf_tables SET initial_key=?2, cursor=?3, synced=ifnull(synced, 0)+?4"
      " WHERE relation=?1");
  statement.bind(1, std::string_view(relation_));
  statement.bind(2, std::string_view(key_of(table_, *page.last)));
  if (newest_stamp_) statement.bind(3, *newest_stamp_);
  statement.bind(4, static_cast<std::int64_t>(page.rows.size())).run();
  Statement& received = transaction.database().cached(
      "INSERT INTO hf_meta VALUES('received|' || ?1, ?2)"
      " ON CONFLICT DO UPDATE SET value=value+excluded.value");
  received.bind(1, std::string_view(relation_)).bind(2, page.bytes).run();
}

std::variant<bool, PullFailure> TablePull::sync_in_one_page(
    const std::vector<std::size_t>& columns) {
  const std::int64_t mark = acknowledgement_mark();
  // Everything is about to be read: what was to be compared before is, too.
  write([&](Transaction& transaction) {
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET recheck=0 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
  });
  auto fetched = source_.unordered(columns);
  if (auto* failure = std::get_if<PullFailure>(&fetched)) {
    // Counting the rows may take longer than the upstream allows, and reading them not.
    if (failure->status >= 500) return false;
    return std::move(*failure);
  }
  const auto& page = std::get<RowPage>(fetched);
  const auto received = static_cast<std::int64_t>(page.rows.size() + page.unreadable.size());
  if (page.total != received) {
    write([&](Transaction& transaction) {
      Statement& statement = transaction.database().cached(
          "UPDATE hf_tables SET expected=?2, synced=0 WHERE relation=?1");
      statement.bind(1, std::string_view(relation_));
      if (page.total) statement.bind(2, *page.total);
      statement.run();
      Statement& forget =
          transaction.database().cached("DELETE FROM hf_meta WHERE name='received|' || ?1");
      forget.bind(1, std::string_view(relation_)).run();
    });
    return false;
  }
  note_stamps(page);
  write([&](Transaction& transaction) {
    apply_page(transaction, page, mark);
    store_.mark_complete(transaction, table_);
  });
  publish_completeness();
  return true;
}

// Rows without a key cannot be told apart: the copy is made anew. One that does not fit in a page
// is not kept at all.
std::optional<PullFailure> TablePull::copy_whole() {
  if (part_.deleted_at) store_.note_left_out(table_, true);
  auto fetched = source_.unordered(table_.kept_columns());
  if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
  const auto& page = std::get<RowPage>(fetched);
  const bool whole = page.total == static_cast<std::int64_t>(page.rows.size());
  write([&](Transaction& transaction) {
    store_.overlay().rows(table_).erase_all(transaction);
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET recheck=0 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
    if (!whole) return store_.mark_syncing(transaction, table_);
    for (const Row& row : page.rows) store_.overlay().put_clean(transaction, table_, row);
    store_.mark_complete(transaction, table_);
  });
  rows_ += static_cast<std::int64_t>(page.rows.size());
  store_.publish(table_, whole ? TableStatus::kComplete : TableStatus::kNotReplicated);
  return std::nullopt;
}

// Only rows that have a value in one of the columns are read again.
std::optional<PullFailure> TablePull::fill_in(const std::vector<std::size_t>& columns) {
  for (const std::size_t column : columns) {
    std::optional<Row> after;
    for (;;) {
      auto fetched = source_.having(column, after);
      if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
      auto& page = std::get<RowPage>(fetched);
      if (!page.last) break;
      std::vector<const Row*> rows;
      for (const Row& row : page.rows) rows.push_back(&row);
      queue_for_reading(rows);
      after = std::move(page.last);
    }
  }
  if (auto failure = read_queued_keys()) return failure;
  write([&](Transaction& transaction) {
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET added=NULL WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
  });
  publish_completeness();
  return std::nullopt;
}

}  // namespace holdfast::cache
