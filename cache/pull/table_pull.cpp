#include "cache/pull/table_pull.h"

#include <algorithm>
#include <numeric>

#include "cache/replica/key.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;

// Keys in one request: as many as keep its target short (100 UUIDs make 4 KB).
constexpr std::size_t kKeysInRequest = 100;

constexpr auto kStampEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);

std::int64_t to_stamp(Timestamp time) {
  return std::chrono::duration_cast<std::chrono::microseconds>(time - kStampEpoch).count();
}

}  // namespace

TablePull::TablePull(Store& store, const Table& table, std::optional<std::size_t> stamp,
                     const PullOptions& options, const Clock& clock, TableSource source)
    : store_(store),
      table_(table),
      relation_(relation_of(table)),
      stamp_(stamp),
      options_(options),
      source_(std::move(source)),
      started_(clock.now()) {}

std::optional<PullFailure> TablePull::run(PullDepth depth) {
  const bool was_denied = store_.status(table_) == TableStatus::kDenied;
  const Progress progress = load_progress();
  const bool compare = depth == PullDepth::kKeys || progress.pulls % options_.key_diff_every == 0;
  if (was_denied && !compare) {
    count_denied_pull();
    return std::nullopt;
  }
  if (!table_.primary_key) {
    // Making the copy anew costs as much as the first time: only as often as keys are compared.
    if (progress.complete && !compare) return std::nullopt;
    if (auto failure = copy_whole()) return failed(*std::move(failure));
    finish(progress);
    return std::nullopt;
  }
  if (!progress.complete || was_denied) {
    if (auto failure = initial_sync(progress)) return failed(*std::move(failure));
    // What happened to the first pages while the sync rested lies behind its cursor.
    if (progress.initial_key) {
      if (auto failure = compare_keys()) return failed(*std::move(failure));
    }
  } else if (!stamp_ || !progress.cursor) {
    if (auto failure = read_whole()) return failed(*std::move(failure));
  } else {
    if (auto failure = read_changes(progress)) return failed(*std::move(failure));
    if (compare) {
      if (auto failure = compare_keys()) return failed(*std::move(failure));
    }
  }
  if (auto failure = read_queued_keys()) return failed(*std::move(failure));
  finish(progress);
  return std::nullopt;
}

TablePull::Progress TablePull::load_progress() {
  Progress progress;
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    // No page is under way now, so what was acknowledged so far is in every page to come.
    Statement& forget =
        transaction.database().cached("DELETE FROM hf_acknowledged_rows WHERE relation=?1");
    forget.bind(1, std::string_view(relation_)).run();
    Statement& statement = transaction.database().cached(
        "SELECT complete, initial_key, cursor, pulls FROM hf_tables WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).step();
    progress.complete = statement.integer(0) != 0;
    if (!statement.is_null(1)) {
      if (auto row = parse_row(table_, statement.text(1))) progress.initial_key = *std::move(row);
    }
    if (!statement.is_null(2)) progress.cursor = statement.integer(2);
    progress.pulls = statement.integer(3);
    statement.reset();
  });
  return progress;
}

std::optional<PullFailure> TablePull::initial_sync(const Progress& progress) {
  std::vector<std::size_t> columns(table_.columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  std::optional<Row> after = progress.initial_key;
  if (progress.cursor) newest_stamp_ = progress.cursor;
  if (!after) {
    auto whole = sync_in_one_page(columns);
    if (!std::holds_alternative<bool>(whole)) return std::get<PullFailure>(std::move(whole));
    if (std::get<bool>(whole)) return std::nullopt;
  }
  for (;;) {
    const std::int64_t mark = acknowledgement_mark();
    auto fetched = source_.by_key(columns, after);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    note_stamps(page);
    const bool last = page.rows.empty();
    store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
      apply_page(transaction, page, mark);
      if (last) {
        store_.mark_complete(transaction, table_);
        return;
      }
      Statement& statement = transaction.database().cached(
          "UPDATE hf_tables SET initial_key=?2, cursor=?3 WHERE relation=?1");
      statement.bind(1, std::string_view(relation_));
      statement.bind(2, std::string_view(key_of(table_, page.rows.back())));
      if (newest_stamp_) statement.bind(3, *newest_stamp_);
      statement.run();
    });
    if (last) break;
    after = std::move(page.rows.back());
  }
  store_.publish(table_, TableStatus::kComplete);
  return std::nullopt;
}

std::variant<bool, PullFailure> TablePull::sync_in_one_page(
    const std::vector<std::size_t>& columns) {
  const std::int64_t mark = acknowledgement_mark();
  auto fetched = source_.unordered(columns);
  if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
  const auto& page = std::get<RowPage>(fetched);
  if (page.total != static_cast<std::int64_t>(page.rows.size())) return false;
  note_stamps(page);
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    apply_page(transaction, page, mark);
    store_.mark_complete(transaction, table_);
  });
  store_.publish(table_, TableStatus::kComplete);
  return true;
}

std::optional<PullFailure> TablePull::read_changes(const Progress& progress) {
  const std::int64_t overlap =
      std::chrono::duration_cast<std::chrono::microseconds>(options_.overlap).count();
  newest_stamp_ = progress.cursor;
  const Value from = *progress.cursor - overlap;
  std::optional<Row> after;
  for (;;) {
    const std::int64_t mark = acknowledgement_mark();
    auto fetched = source_.since(*stamp_, from, after);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    if (page.rows.empty()) return std::nullopt;
    note_stamps(page);
    store_.writer().run(Priority::kBackground,
                        [&](Transaction& transaction) { apply_page(transaction, page, mark); });
    after = std::move(page.rows.back());
  }
}

// Without a stamp every row is read, and what was not among them is gone.
std::optional<PullFailure> TablePull::read_whole() {
  std::vector<std::size_t> columns(table_.columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  KeySet seen;
  std::optional<Row> after;
  const std::int64_t first_mark = acknowledgement_mark();
  for (;;) {
    const std::int64_t mark = acknowledgement_mark();
    auto fetched = source_.by_key(columns, after);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    if (page.rows.empty()) break;
    note_stamps(page);
    for (const Row& row : page.rows) seen.emplace(key_of(table_, row), stamp_text(row));
    store_.writer().run(Priority::kBackground,
                        [&](Transaction& transaction) { apply_page(transaction, page, mark); });
    after = std::move(page.rows.back());
  }
  settle_differences(std::move(seen), first_mark);
  return std::nullopt;
}

// Rows without a key cannot be told apart: the copy is made anew. One that does not fit in a page
// is not kept at all.
std::optional<PullFailure> TablePull::copy_whole() {
  std::vector<std::size_t> columns(table_.columns.size());
  std::iota(columns.begin(), columns.end(), std::size_t{0});
  auto fetched = source_.unordered(columns);
  if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
  const auto& page = std::get<RowPage>(fetched);
  const bool whole = page.total == static_cast<std::int64_t>(page.rows.size());
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    store_.overlay().rows(table_).erase_all(transaction);
    if (!whole) return store_.mark_syncing(transaction, table_);
    for (const Row& row : page.rows) store_.overlay().put_clean(transaction, table_, row);
    store_.mark_complete(transaction, table_);
  });
  rows_ += static_cast<std::int64_t>(page.rows.size());
  store_.publish(table_, whole ? TableStatus::kComplete : TableStatus::kNotReplicated);
  return std::nullopt;
}

std::optional<PullFailure> TablePull::compare_keys() {
  const std::int64_t mark = acknowledgement_mark();
  auto keys = upstream_keys();
  if (auto* failure = std::get_if<PullFailure>(&keys)) return std::move(*failure);
  settle_differences(std::get<KeySet>(std::move(keys)), mark);
  return std::nullopt;
}

std::variant<TablePull::KeySet, PullFailure> TablePull::upstream_keys() {
  std::vector<std::size_t> columns = table_.primary_key->columns;
  if (stamp_ && !table_.is_key(*stamp_)) columns.push_back(*stamp_);
  KeySet keys;
  std::optional<Row> after;
  for (;;) {
    auto fetched = source_.by_key(columns, after);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    if (page.rows.empty()) return keys;
    for (const Row& row : page.rows) keys.emplace(key_of(table_, row), stamp_text(row));
    after = std::move(page.rows.back());
  }
}

// Rows here that the upstream does not show go; those that it shows and that are not here, or with
// another stamp, are read by key.
void TablePull::settle_differences(KeySet upstream, std::int64_t mark) {
  std::vector<std::string> vanished;
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    Database& database = transaction.database();
    store_.overlay().for_each_base(database, table_, [&](const std::string& key, const Row& row) {
      const auto found = upstream.find(key);
      if (found == upstream.end()) {
        vanished.push_back(key);
      } else if (found->second == stamp_text(row)) {
        upstream.erase(found);
      } else if (append_only_) {
        suspects_.insert(key);
      }
    });
    for (const std::string& key : vanished) apply_image(transaction, key, std::nullopt, mark);
    Statement& reread = database.cached("INSERT OR IGNORE INTO hf_rereads VALUES(?1, ?2)");
    for (const auto& [key, stamp] : upstream) {
      reread.bind(1, std::string_view(relation_)).bind(2, std::string_view(key)).run();
    }
  });
}

std::optional<PullFailure> TablePull::read_queued_keys() {
  for (;;) {
    std::vector<std::string> keys;
    std::int64_t mark = 0;
    {
      auto reader = store_.reader();
      Statement& statement =
          reader->cached("SELECT key FROM hf_rereads WHERE relation=?1 LIMIT ?2");
      statement.bind(1, std::string_view(relation_));
      statement.bind(2, static_cast<std::int64_t>(kKeysInRequest));
      while (statement.step()) keys.emplace_back(statement.text(0));
      mark = store_.overlay().acknowledgements(*reader);
    }
    if (keys.empty()) return std::nullopt;
    auto fetched = source_.of_keys(keys);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    std::map<std::string, const Row*> found;
    for (const Row& row : std::get<RowPage>(fetched).rows) found.emplace(key_of(table_, row), &row);
    rows_ += static_cast<std::int64_t>(found.size());
    store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
      // Taken off first: a row acknowledged meanwhile is queued again by apply_image().
      Statement& done =
          transaction.database().cached("DELETE FROM hf_rereads WHERE relation=?1 AND key=?2");
      for (const std::string& key : keys) {
        done.bind(1, std::string_view(relation_)).bind(2, std::string_view(key)).run();
      }
      for (const std::string& key : keys) {
        const auto row = found.find(key);
        const auto image = row == found.end() ? std::nullopt : std::optional<Row>(*row->second);
        // Others were queued because what is here is presumed.
        if (append_only_ && !suspects_.contains(key)) {
          store_.overlay().put_base(transaction, table_, key, image);
        } else {
          apply_image(transaction, key, image, mark);
        }
      }
    });
  }
}

std::optional<PullFailure> TablePull::failed(PullFailure failure) {
  if (failure.kind != PullFailure::Kind::kDenied) return failure;
  deny(failure);
  return std::nullopt;
}

void TablePull::deny(const PullFailure& failure) {
  const Denial denial{failure.status, failure.body};
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    take_back_rows(transaction);
    store_.mark_denied(transaction, table_, denial);
  });
  store_.publish(table_, TableStatus::kDenied, denial);
  count_denied_pull();
}

// Every so many of them the table is asked for again: the permission may have been given since.
void TablePull::count_denied_pull() {
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET pulls=pulls+1 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
  });
}

std::int64_t TablePull::acknowledgement_mark() {
  auto reader = store_.reader();
  return store_.overlay().acknowledgements(*reader);
}

void TablePull::note_stamps(const RowPage& page) {
  if (!first_date_) first_date_ = page.date;
  if (!stamp_) return;
  for (const Row& row : page.rows) {
    if (is_null(row[*stamp_])) continue;
    const std::int64_t stamp = std::get<std::int64_t>(row[*stamp_]);
    newest_stamp_ = std::max(newest_stamp_.value_or(stamp), stamp);
  }
}

void TablePull::finish(const Progress& progress) {
  // A device whose clock runs ahead must not carry the cursor past what others are writing now.
  auto cursor = newest_stamp_ ? newest_stamp_ : progress.cursor;
  if (cursor && first_date_) cursor = std::min(*cursor, to_stamp(*first_date_));
  store_.writer().run(Priority::kBackground, [&](Transaction& transaction) {
    Statement& statement = transaction.database().cached(
        "UPDATE hf_tables SET cursor=?2, pulls=pulls+1, pulled_at=?3 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_));
    if (cursor) statement.bind(2, *cursor);
    statement.bind(3, std::int64_t{started_.time_since_epoch().count()}).run();
  });
  store_.note_pulled(table_, started_);
}

std::string TablePull::stamp_text(const Row& row) const {
  std::string text;
  if (stamp_) print_text(table_.columns[*stamp_].type, view(row[*stamp_]), text);
  return text;
}

}  // namespace holdfast::cache
