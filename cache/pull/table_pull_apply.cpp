// The part of TablePull that writes what came into the replica.

#include "cache/pull/deviations.h"
#include "cache/pull/table_pull.h"
#include "cache/replica/key.h"

namespace holdfast::cache {

void TablePull::apply_page(Transaction& transaction, const RowPage& page, std::int64_t mark) {
  Overlay& overlay = store_.overlay();
  Database& database = transaction.database();
  rows_ += static_cast<std::int64_t>(page.rows.size());
  const bool plain = !append_only_ && !overlay.has_pending(database, table_) &&
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
  Database& database = transaction.database();
  Statement& statement = database.cached(
      "SELECT 1 FROM hf_acknowledged_rows WHERE relation=?1 AND key=?2 AND acknowledgement>?3");
  statement.bind(1, std::string_view(relation_)).bind(2, std::string_view(key)).bind(3, mark);
  const bool newer_here = statement.step();
  statement.reset();
  if (!newer_here) {
    if (append_only_ && keeps(transaction, key, image)) return;
    store_.overlay().put_base(transaction, table_, key, image);
    return;
  }
  // The image was read before our own write arrived there, and would undo it.
  Statement& reread = database.cached("INSERT OR IGNORE INTO hf_rereads VALUES(?1, ?2)");
  reread.bind(1, std::string_view(relation_)).bind(2, std::string_view(key)).run();
}

bool TablePull::keeps(Transaction& transaction, const std::string& key,
                      const std::optional<Row>& image) {
  const auto here = store_.overlay().base_of(transaction.database(), table_, key);
  if (!here || here == image) return here.has_value();
  report_deviation(transaction, table_, key, *here, image, started_);
  return true;
}

void TablePull::take_back_rows(Transaction& transaction) {
  Overlay& overlay = store_.overlay();
  if (!table_.primary_key) return overlay.rows(table_).erase_all(transaction);
  std::vector<std::string> keys;
  overlay.for_each_base(transaction.database(), table_,
                        [&](const std::string& key, const Row&) { keys.push_back(key); });
  for (const std::string& key : keys) {
    overlay.put_base(transaction, table_, key, std::nullopt);
  }
}

}  // namespace holdfast::cache
