#pragma once

#include <functional>
#include <optional>
#include <set>
#include <string>

#include "cache/pull/comparison.h"
#include "cache/pull/options.h"
#include "cache/pull/puller.h"
#include "cache/pull/table_source.h"
#include "cache/replica/recheck.h"
#include "cache/replica/store.h"

namespace holdfast::cache {

// One pull of one table of one principal: the initial sync or what changed since the cursor, the
// comparison with the upstream, and the rows queued for a read by key.
// One thread at a time: whoever pulls.
class TablePull {
 public:
  // `stamp`: see stamp_column(). All references must outlive it.
  TablePull(Store& store, const Table& table, std::optional<std::size_t> stamp,
            const PullOptions& options, const Clock& clock, TableSource source);

  // What is synced stays as it is; the upstream's changes to it are reported (append-only tables).
  void keep_synced_rows() { append_only_ = true; }
  // The upstream has the companion, which hashes parts of tables. `logged`: its log tells what
  // changes in this one, and was read before.
  void use_companion(ChangeLog& companion, bool logged) {
    companion_ = &companion;
    logged_ = logged;
  }

  // nullopt = done.
  std::optional<PullFailure> run(PullDepth depth);
  // Rows received so far.
  std::int64_t rows() const { return rows_; }
  // Whether one came that cannot be kept: the schema may have changed.
  bool met_unreadable() const { return met_unreadable_; }

 private:
  struct Progress {
    bool complete = false;
    std::optional<Row> initial_key;
    std::optional<std::int64_t> cursor;
    std::int64_t pulls = 0;
    Recheck recheck = Recheck::kNothing;
    std::optional<Timestamp> scrubbed_at;
    std::vector<std::size_t> added;  // columns
  };

  bool is_idle() const;
  Progress load_progress();
  bool compares(const Progress& progress, PullDepth depth) const;
  std::optional<PullFailure> follow(const Progress& progress, bool compare);
  std::optional<PullFailure> initial_sync(const Progress& progress);
  // The initial sync of a table that fits in a page; false when it does not.
  std::variant<bool, PullFailure> sync_in_one_page(const std::vector<std::size_t>& columns);
  std::optional<PullFailure> read_changes(const Progress& progress);
  std::optional<PullFailure> read_since(std::size_t stamp, const Value& from);
  // Views and tables without a key.
  std::optional<PullFailure> copy_whole();
  // Tables of which only so many rows are kept (table_pull_part.cpp).
  std::optional<PullFailure> pull_newest(const Progress& progress, bool compare);
  std::optional<PullFailure> read_newest();
  void keep_newest();
  // Rows that were marked as deleted before the cutoff go.
  void leave_out_expired();
  std::optional<PullFailure> look_for_expired();
  // Out of a page: rows that are not here, and would not be kept.
  void drop_expired(RowPage& page);
  void drop_older(RowPage& page);
  // These rows are not kept any more, whatever has become of them upstream.
  void let_go(const std::vector<std::string>& keys);
  // Keys of rows without pending writes, by conditions in SQL.
  std::vector<std::string> settled_keys(const std::string& conditions);
  // Columns that came since the rows were read.
  std::optional<PullFailure> fill_in(const std::vector<std::size_t>& columns);
  std::optional<PullFailure> compare_blocks();
  std::optional<PullFailure> compare(std::optional<PullFailure> (Comparison::*how)());
  Comparison comparison();
  std::optional<PullFailure> read_queued_keys();
  std::optional<PullFailure> failed(PullFailure failure);
  void deny(const PullFailure& failure);
  // The upstream's rows go, a few at a time; what pending writes show stays.
  void take_back_rows();
  // Some keys after the other in a transaction.
  void in_steps(const std::vector<std::string>& keys,
                const std::function<void(Transaction&, const std::string& key)>& work);
  void count_denied_pull();

  // The acknowledgements so far: rows acknowledged after it are newer than a page asked for now.
  std::int64_t acknowledgement_mark();
  void write(const Writer::Job& job);
  void note_sync_progress(Transaction& transaction, const RowPage& page);
  void apply_page(Transaction& transaction, const RowPage& page, std::int64_t mark);
  void apply_image(Transaction& transaction, const std::string& key,
                   const std::optional<Row>& image, std::int64_t mark);
  void apply_vanished(const std::vector<std::string>& keys, std::int64_t mark);
  void note_unreadable(Transaction& transaction, const std::vector<UnreadableRow>& rows);
  void queue_for_reading(const std::vector<const Row*>& rows);
  // Of an append-only table: a row that is here stays; another image of it is reported.
  bool keeps(Transaction& transaction, const std::string& key, const std::optional<Row>& image);
  void note_stamps(const RowPage& page);
  void finish(const Progress& progress);
  void publish_completeness();

  Store& store_;
  const Table& table_;
  const std::string relation_;
  const std::optional<std::size_t> stamp_;
  const PullOptions& options_;
  TableSource source_;
  const Timestamp started_;
  const Part& part_;
  bool append_only_ = false;
  ChangeLog* companion_ = nullptr;
  bool logged_ = false;
  bool met_unreadable_ = false;
  bool scrubbed_ = false;  // in this pull every value was compared
  // Rows of an append-only table whose stamp is another one upstream.
  std::set<std::string> suspects_;
  std::int64_t rows_ = 0;
  std::optional<std::int64_t> newest_stamp_;  // microseconds since 2000-01-01
  std::optional<Timestamp> first_date_;       // the upstream's clock before the first page's query
};

}  // namespace holdfast::cache
