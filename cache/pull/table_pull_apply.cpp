#include <algorithm>
#include <map>

#include "cache/pull/deviations.h"
#include "cache/pull/images.h"
#include "cache/pull/kept_answers.h"
#include "cache/pull/table_pull.h"
#include "cache/replica/key.h"

namespace holdfast::cache {
namespace {

// Rows that go in one transaction: client writes wait for no longer one.
constexpr std::size_t kRowsInTransaction = 500;

}  // namespace

void TablePull::apply_page(Transaction& transaction, const RowPage& page, std::int64_t mark) {
  Overlay& overlay = store_.overlay();
  Database& database = transaction.database();
  rows_ += static_cast<std::int64_t>(page.rows.size());
  note_unreadable(transaction, page.unreadable);
  const bool plain = !append_only_ && !overlay.has_pending(database, table_) &&
                     !unreadable_reason(database, relation_) &&
                     overlay.acknowledgements(database) == mark;
  for (const Row& row : page.rows) {
    if (plain) {
      overlay.put_clean(transaction, table_, row);
    } else {
      apply_image(transaction, key_of(table_, row), row, mark);
    }
  }
}

void TablePull::apply_image(Transaction& transaction, const std::string& key,
                            const std::optional<Row>& image, std::int64_t mark) {
  if (is_newer_here(transaction, relation_, key, mark)) return;
  if (append_only_ && keeps(transaction, key, image)) return;
  store_.overlay().put_base(transaction, table_, key, image);
  forget_unreadable(transaction, relation_, key);
}

void TablePull::apply_vanished(const std::vector<std::string>& keys, std::int64_t mark) {
  if (keys.empty()) return;
  write([&](Transaction& transaction) { forget_answers_with(transaction, relation_, keys); });
  in_steps(keys, [&](Transaction& transaction, const std::string& key) {
    apply_image(transaction, key, std::nullopt, mark);
  });
}

void TablePull::in_steps(const std::vector<std::string>& keys,
                         const std::function<void(Transaction&, const std::string& key)>& work) {
  for (std::size_t first = 0; first < keys.size(); first += kRowsInTransaction) {
    const std::size_t last = std::min(keys.size(), first + kRowsInTransaction);
    write([&](Transaction& transaction) {
      for (std::size_t i = first; i < last; ++i) work(transaction, keys[i]);
    });
  }
}

void TablePull::note_unreadable(Transaction& transaction, const std::vector<UnreadableRow>& rows) {
  met_unreadable_ = met_unreadable_ || !rows.empty();
  cache::note_unreadable(transaction, relation_, rows);
}

void TablePull::queue_for_reading(const std::vector<const Row*>& rows) {
  write([&](Transaction& transaction) {
    for (const Row* row : rows) {
      const std::string key = key_of(table_, *row);
      if (append_only_ && store_.overlay().base_of(transaction.database(), table_, key)) {
        suspects_.insert(key);
      }
      cache::queue_for_reading(transaction, relation_, key);
    }
  });
}

std::optional<PullFailure> TablePull::read_queued_keys() {
  for (;;) {
    std::vector<std::string> keys;
    std::int64_t mark = 0;
    {
      auto reader = store_.reader();
      // What is being sent is read once its answer is here.
      Statement& statement = reader->cached(
          "SELECT key FROM hf_rereads r WHERE relation=?1 AND NOT EXISTS(SELECT 1 FROM hf_effects e"
          " JOIN hf_outbox o ON o.sequence=e.entry WHERE e.relation=r.relation AND e.key=r.key"
          " AND e.active=1 AND o.state='sending') LIMIT ?2");
      statement.bind(1, std::string_view(relation_));
      statement.bind(2, static_cast<std::int64_t>(kKeysInRequest));
      while (statement.step()) keys.emplace_back(statement.text(0));
      mark = store_.overlay().acknowledgements(*reader);
    }
    if (keys.empty()) return std::nullopt;
    auto fetched = source_.of_keys(keys);
    if (auto* failure = std::get_if<PullFailure>(&fetched)) return std::move(*failure);
    auto& page = std::get<RowPage>(fetched);
    drop_expired(page);
    std::map<std::string, const Row*> found;
    for (const Row& row : page.rows) found.emplace(key_of(table_, row), &row);
    std::set<std::string> unreadable;
    for (const UnreadableRow& row : page.unreadable) unreadable.insert(row.key);
    rows_ += static_cast<std::int64_t>(found.size());
    write([&](Transaction& transaction) {
      // Taken off first: a row acknowledged or sent meanwhile is queued again by apply_image().
      Statement& done =
          transaction.database().cached("DELETE FROM hf_rereads WHERE relation=?1 AND key=?2");
      for (const std::string& key : keys) {
        done.bind(1, std::string_view(relation_)).bind(2, std::string_view(key)).run();
      }
      note_unreadable(transaction, page.unreadable);
      std::vector<std::string> gone = keys;
      std::erase_if(gone, [&](const std::string& key) {
        return found.contains(key) || unreadable.contains(key);
      });
      forget_answers_with(transaction, relation_, gone);
      for (const std::string& key : keys) {
        if (unreadable.contains(key)) continue;
        const auto row = found.find(key);
        const auto image = row == found.end() ? std::nullopt : std::optional<Row>(*row->second);
        // Others were queued because what is here is presumed.
        if (append_only_ && !suspects_.contains(key)) {
          if (is_newer_here(transaction, relation_, key, mark)) continue;
          store_.overlay().put_base(transaction, table_, key, image);
        } else {
          apply_image(transaction, key, image, mark);
        }
      }
    });
  }
}

bool TablePull::keeps(Transaction& transaction, const std::string& key,
                      const std::optional<Row>& image) {
  const auto here = store_.overlay().base_of(transaction.database(), table_, key);
  if (!here || here == image) return here.has_value();
  report_deviation(transaction, table_, key, *here, image, started_);
  return true;
}

void TablePull::take_back_rows() {
  Overlay& overlay = store_.overlay();
  write([&](Transaction& transaction) {
    Statement& forget =
        transaction.database().cached("DELETE FROM hf_unreadable WHERE relation=?1");
    forget.bind(1, std::string_view(relation_)).run();
    if (!table_.primary_key) overlay.rows(table_).erase_all(transaction);
  });
  if (!table_.primary_key) return;
  std::vector<std::string> keys;
  {
    auto reader = store_.reader();
    overlay.for_each_base(*reader, table_,
                          [&](const std::string& key, const Row&) { keys.push_back(key); });
  }
  in_steps(keys, [&](Transaction& transaction, const std::string& key) {
    overlay.put_base(transaction, table_, key, std::nullopt);
  });
}

}  // namespace holdfast::cache
