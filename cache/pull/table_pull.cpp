#include "cache/pull/table_pull.h"

#include <algorithm>

#include "cache/pull/images.h"
#include "cache/pull/kept_answers.h"
#include "cache/replica/key.h"
#include "cache/values/codec.h"

namespace holdfast::cache {
namespace {

using Priority = Writer::Priority;

// `list`: a JSON array of names.
std::vector<std::size_t> columns_named(const Table& table, std::string_view list) {
  std::vector<std::size_t> columns;
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    std::string name;
    append_json_string(table.columns[i].name, name);
    if (list.find(name) != std::string_view::npos) columns.push_back(i);
  }
  return columns;
}

std::int64_t microseconds_of(std::chrono::milliseconds time) {
  return std::chrono::microseconds(time).count();
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
      started_(clock.now()),
      part_(store.part(table)) {
  if (part_.deleted_at) source_.leave_out(*part_.deleted_at, started_ - options.tombstones);
}

// The log has told of no change, and nothing else is due: then nothing is asked or written.
bool TablePull::is_idle() const {
  const Timestamp scrubbed_before = started_ - options_.scrub;
  auto reader = store_.reader();
  Statement& statement = reader->cached(
      "SELECT complete AND denied IS NULL AND added IS NULL AND recheck=0 AND scrubbed_at>?2"
      " AND scrubbed_at<=?3"
      " AND relation NOT IN (SELECT relation FROM hf_blocks UNION SELECT relation FROM hf_rereads"
      " UNION SELECT relation FROM hf_unreadable UNION SELECT relation FROM hf_acknowledged_rows)"
      " FROM hf_tables WHERE relation=?1");
  statement.bind(1, std::string_view(relation_));
  statement.bind(2, std::int64_t{scrubbed_before.time_since_epoch().count()});
  statement.bind(3, std::int64_t{started_.time_since_epoch().count()});
  const bool idle = statement.step() && statement.integer(0) != 0;
  statement.reset();
  return idle;
}

std::optional<PullFailure> TablePull::run(PullDepth depth) {
  leave_out_expired();
  if (logged_ && depth == PullDepth::kChanges && store_.status(table_) == TableStatus::kComplete &&
      is_idle()) {
    store_.note_pulled(table_, started_);
    return std::nullopt;
  }
  const bool was_denied = store_.status(table_) == TableStatus::kDenied;
  // It may have ended in the middle of that.
  if (was_denied) take_back_rows();
  const Progress progress = load_progress();
  const bool compare = compares(progress, depth);
  if (was_denied && !compare) {
    count_denied_pull();
    return std::nullopt;
  }
  std::optional<PullFailure> failure;
  if (!table_.primary_key) {
    // Making the copy anew costs as much as the first time: only as often as keys are compared.
    if (progress.complete && !compare) return std::nullopt;
    failure = copy_whole();
  } else if (part_.max_rows > 0) {
    failure = pull_newest(progress, compare);
  } else if (!progress.complete || was_denied) {
    failure = initial_sync(progress);
    // What happened to the first pages while the sync rested lies behind its cursor.
    if (!failure && progress.initial_key && !logged_) {
      failure = this->compare(&Comparison::of_keys);
    }
  } else {
    failure = follow(progress, compare);
    if (!failure && depth == PullDepth::kAllKeys) failure = this->compare(&Comparison::of_keys);
  }
  if (!failure && table_.primary_key) failure = read_queued_keys();
  if (!failure && (compare || !progress.complete)) failure = look_for_expired();
  if (failure) return failed(*std::move(failure));
  leave_out_expired();
  keep_newest();
  finish(progress);
  return std::nullopt;
}

bool TablePull::compares(const Progress& progress, PullDepth depth) const {
  if (depth == PullDepth::kCopies && !table_.primary_key) return true;
  return depth > PullDepth::kCopies || progress.recheck != Recheck::kNothing ||
         progress.pulls % options_.key_diff_every == 0;
}

std::optional<PullFailure> TablePull::follow(const Progress& progress, bool compare) {
  if (!progress.added.empty()) {
    if (auto failure = fill_in(progress.added)) return failure;
  }
  if (logged_) {
    if (auto failure = compare_blocks()) return failure;
  } else if (stamp_ && progress.cursor) {
    if (auto failure = read_changes(progress)) return failure;
  } else {
    scrubbed_ = true;
    return this->compare(&Comparison::of_rows);
  }
  // One that lies ahead is of a clock that was wrong.
  if (progress.recheck == Recheck::kValues || !progress.scrubbed_at ||
      *progress.scrubbed_at > started_ || started_ - *progress.scrubbed_at >= options_.scrub) {
    scrubbed_ = true;
    return this->compare(&Comparison::of_rows);
  }
  return compare ? this->compare(&Comparison::of_stamps) : std::nullopt;
}

TablePull::Progress TablePull::load_progress() {
  Progress progress;
  write([&](Transaction& transaction) {
    // No page is under way now, so what was acknowledged so far is in every page to come.
    Statement& forget =
        transaction.database().cached("DELETE FROM hf_acknowledged_rows WHERE relation=?1");
    forget.bind(1, std::string_view(relation_)).run();
    Statement& statement = transaction.database().cached(
        "SELECT complete, initial_key, cursor, pulls, recheck, scrubbed_at, added FROM hf_tables"
        " WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).step();
    progress.complete = statement.integer(0) != 0;
    if (!statement.is_null(1)) {
      if (auto row = parse_row(table_, statement.text(1))) progress.initial_key = *std::move(row);
    }
    if (!statement.is_null(2)) progress.cursor = statement.integer(2);
    progress.pulls = statement.integer(3);
    progress.recheck = static_cast<Recheck>(statement.integer(4));
    if (!statement.is_null(5)) {
      progress.scrubbed_at = Timestamp(std::chrono::microseconds(statement.integer(5)));
    }
    if (!statement.is_null(6)) progress.added = columns_named(table_, statement.text(6));
    statement.reset();
  });
  return progress;
}

std::optional<PullFailure> TablePull::read_changes(const Progress& progress) {
  newest_stamp_ = progress.cursor;
  const Value from = *progress.cursor - microseconds_of(options_.overlap);
  if (auto failure = read_since(*stamp_, from)) return failure;
  // Who marks a row as deleted may not say that it has changed.
  return part_.deleted_at ? read_since(*part_.deleted_at, from) : std::nullopt;
}

std::optional<PullFailure> TablePull::read_since(std::size_t stamp, const Value& from) {
  std::optional<Row> after;
  for (;;) {
    const std::int64_t mark = acknowledgement_mark();
    auto fetched = source_.since(stamp, from, after);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    note_stamps(page);
    if (!page.last) return std::nullopt;
    drop_expired(page);
    drop_older(page);
    write([&](Transaction& transaction) { apply_page(transaction, page, mark); });
    after = std::move(page.last);
  }
}

std::optional<PullFailure> TablePull::compare_blocks() {
  std::vector<std::string> blocks;
  {
    auto reader = store_.reader();
    Statement& statement = reader->cached("SELECT block FROM hf_blocks WHERE relation=?1");
    statement.bind(1, std::string_view(relation_));
    while (statement.step()) blocks.emplace_back(statement.text(0));
  }
  for (const std::string& block : blocks) {
    const auto range = range_of_block(table_, block);
    Comparison comparison = this->comparison();
    auto failure = range && has_ranges(table_) ? comparison.of_range(*range) : comparison.of_rows();
    rows_ += comparison.rows();
    if (failure) return failure;
    write([&](Transaction& transaction) {
      Statement& done =
          transaction.database().cached("DELETE FROM hf_blocks WHERE relation=?1 AND block=?2");
      done.bind(1, std::string_view(relation_)).bind(2, std::string_view(block)).run();
    });
  }
  return std::nullopt;
}

std::optional<PullFailure> TablePull::compare(std::optional<PullFailure> (Comparison::*how)()) {
  leave_out_expired();
  // Taken off first: what is noted from now on may be missed by this comparison.
  write([&](Transaction& transaction) {
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET recheck=0 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
  });
  Comparison comparison = this->comparison();
  auto failure = (comparison.*how)();
  rows_ += comparison.rows();
  if (failure) {
    write([&](Transaction& transaction) {
      Statement& statement =
          transaction.database().cached("UPDATE hf_tables SET recheck=?2 WHERE relation=?1");
      statement.bind(1, std::string_view(relation_));
      statement.bind(2, static_cast<std::int64_t>(Recheck::kValues)).run();
    });
  }
  return failure;
}

Comparison TablePull::comparison() {
  return Comparison({store_, table_, stamp_, source_, companion_, nullptr, options_.page_rows},
                    {[this](const RowPage& page, const std::vector<const Row*>& rows, bool whole,
                            std::int64_t mark) {
                       note_stamps(page);
                       if (!whole) return queue_for_reading(rows);
                       write([&](Transaction& transaction) {
                         for (const Row* row : rows) {
                           apply_image(transaction, key_of(table_, *row), *row, mark);
                         }
                       });
                     },
                     [this](const std::vector<std::string>& keys, std::int64_t mark) {
                       apply_vanished(keys, mark);
                     },
                     [this](const std::vector<UnreadableRow>& rows) {
                       write([&](Transaction& transaction) { note_unreadable(transaction, rows); });
                     }});
}

std::optional<PullFailure> TablePull::failed(PullFailure failure) {
  if (failure.kind == PullFailure::Kind::kDenied) {
    deny(failure);
    return std::nullopt;
  }
  write([&](Transaction& transaction) {
    Statement& statement =
        transaction.database().cached("UPDATE hf_tables SET last_error=?2 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).bind(2, std::string_view(failure.reason)).run();
  });
  return failure;
}

void TablePull::deny(const PullFailure& failure) {
  const Denial denial{failure.status, failure.body};
  const bool was_denied = store_.status(table_) == TableStatus::kDenied;
  write([&](Transaction& transaction) {
    store_.mark_denied(transaction, table_, denial);
    if (!was_denied) forget_answers_of(transaction, relation_);
  });
  store_.publish(table_, TableStatus::kDenied, denial);
  take_back_rows();
  count_denied_pull();
}

// Every so many of them the table is asked for again: the permission may have been given since.
void TablePull::count_denied_pull() {
  write([&](Transaction& transaction) {
    Statement& statement = transaction.database().cached(
        "UPDATE hf_tables SET pulls=pulls+1, recheck=0 WHERE relation=?1");
    statement.bind(1, std::string_view(relation_)).run();
  });
}

std::int64_t TablePull::acknowledgement_mark() {
  auto reader = store_.reader();
  return store_.overlay().acknowledgements(*reader);
}

void TablePull::write(const Writer::Job& job) { store_.writer().run(Priority::kBackground, job); }

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
  if (cursor && first_date_) cursor = std::min(*cursor, stamp_of(*first_date_));
  // The upstream's clock was set back: what was written since may lie behind the cursor.
  const bool set_back =
      progress.cursor && first_date_ &&
      stamp_of(*first_date_) + microseconds_of(options_.overlap) < *progress.cursor;
  std::optional<std::string> unreadable;
  write([&](Transaction& transaction) {
    unreadable = unreadable_reason(transaction.database(), relation_);
    Statement& statement = transaction.database().cached(
        "UPDATE hf_tables SET cursor=?2, pulls=pulls+1, pulled_at=?3, last_error=?4,"
        " scrubbed_at=CASE WHEN ?5 OR scrubbed_at IS NULL THEN ?3 ELSE scrubbed_at END,"
        " recheck=max(recheck, ?6) WHERE relation=?1");
    statement.bind(1, std::string_view(relation_));
    if (cursor) statement.bind(2, *cursor);
    statement.bind(3, std::int64_t{started_.time_since_epoch().count()});
    if (unreadable) statement.bind(4, std::string_view(*unreadable));
    statement.bind(5, std::int64_t{scrubbed_})
        .bind(6, static_cast<std::int64_t>(set_back ? Recheck::kKeys : Recheck::kNothing));
    statement.run();
  });
  store_.note_pulled(table_, started_);
  const TableStatus status = store_.status(table_);
  if (status == TableStatus::kComplete || status == TableStatus::kSyncing) publish_completeness();
}

// Answers from here would lack the rows that cannot be kept, and the columns still to be read.
void TablePull::publish_completeness() {
  auto reader = store_.reader();
  Statement& statement =
      reader->cached("SELECT complete AND added IS NULL FROM hf_tables WHERE relation=?1");
  statement.bind(1, std::string_view(relation_)).step();
  const bool complete = statement.integer(0) != 0;
  statement.reset();
  store_.publish(table_, complete && !unreadable_reason(*reader, relation_)
                             ? TableStatus::kComplete
                             : TableStatus::kSyncing);
}

}  // namespace holdfast::cache
