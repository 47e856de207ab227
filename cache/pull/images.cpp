#include "cache/pull/images.h"

namespace holdfast::cache {

bool is_newer_here(Transaction& transaction, const std::string& relation, const std::string& key,
                   std::int64_t mark) {
  Statement& statement = transaction.database().cached(
      "SELECT 1 FROM hf_acknowledged_rows WHERE relation=?1 AND key=?2 AND acknowledgement>?3"
      " UNION ALL SELECT 1 FROM hf_effects e JOIN hf_outbox o ON o.sequence=e.entry"
      " WHERE e.relation=?1 AND e.key=?2 AND e.active=1 AND o.state='sending'");
  statement.bind(1, std::string_view(relation)).bind(2, std::string_view(key)).bind(3, mark);
  const bool newer = statement.step();
  statement.reset();
  if (newer) queue_for_reading(transaction, relation, key);
  return newer;
}

std::int64_t stamp_of(Timestamp time) {
  constexpr auto kEpoch = std::chrono::sys_days(std::chrono::year(2000) / 1 / 1);
  return std::chrono::duration_cast<std::chrono::microseconds>(time - kEpoch).count();
}

void queue_for_reading(Transaction& transaction, const std::string& relation,
                       const std::string& key) {
  Statement& reread =
      transaction.database().cached("INSERT OR IGNORE INTO hf_rereads VALUES(?1, ?2)");
  reread.bind(1, std::string_view(relation)).bind(2, std::string_view(key)).run();
}

void note_unreadable(Transaction& transaction, const std::string& relation,
                     const std::vector<UnreadableRow>& rows) {
  Statement& note =
      transaction.database().cached("INSERT OR REPLACE INTO hf_unreadable VALUES(?1, ?2, ?3)");
  for (const UnreadableRow& row : rows) {
    note.bind(1, std::string_view(relation)).bind(2, std::string_view(row.key));
    note.bind(3, std::string_view(row.reason)).run();
  }
}

void forget_unreadable(Transaction& transaction, const std::string& relation,
                       const std::string& key) {
  Statement& forget =
      transaction.database().cached("DELETE FROM hf_unreadable WHERE relation=?1 AND key=?2");
  forget.bind(1, std::string_view(relation)).bind(2, std::string_view(key)).run();
}

std::optional<std::string> unreadable_reason(Database& database, const std::string& relation) {
  Statement& statement = database.cached(
      "SELECT count(*) OVER (), key, reason FROM hf_unreadable WHERE relation=?1 LIMIT 1");
  statement.bind(1, std::string_view(relation));
  std::optional<std::string> reason;
  if (statement.step()) {
    reason = std::to_string(statement.integer(0)) + " of its rows cannot be kept here, such as " +
             std::string(statement.text(1)) + ": " + std::string(statement.text(2));
  }
  statement.reset();
  return reason;
}

}  // namespace holdfast::cache
