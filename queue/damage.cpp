#include "queue/damage.h"

#include "queue/journal_content.h"
#include "queue/outbox.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;

constexpr const char* kDamaged =
    "the local file was damaged, and a part of this write is lost: write it anew";

// Of a file that was salvaged since the journal was last sealed.
bool was_salvaged(Database& database) {
  Statement& statement = database.cached(
      "SELECT 1 FROM hf_journal WHERE number>(SELECT ifnull(max(number), 0) FROM hf_journal"
      " WHERE mac IS NOT NULL) AND event='note' AND subject='file' AND became='salvaged'");
  const bool found = statement.step();
  statement.reset();
  return found;
}

// False where no record tells.
bool is_another(Database& database, const Entry& entry) {
  Statement& statement = database.cached(
      "SELECT content FROM hf_journal WHERE subject=?1 AND event IN ('created', 'changed')"
      " AND content IS NOT NULL ORDER BY number DESC LIMIT 1");
  statement.bind_borrowed(1, entry.id);
  const std::string recorded(statement.step() ? statement.text(0) : "");
  statement.reset();
  return !recorded.empty() && recorded != entry_content(database, entry.id);
}

}  // namespace

void refuse_damaged(cache::Transaction& transaction, cache::Overlay& overlay, Timestamp now) {
  Database& database = transaction.database();
  if (!was_salvaged(database)) return;
  Outbox outbox(overlay);
  Outbox::Page unfinished;
  unfinished.dead_letters = false;
  for (const Entry& entry : Outbox::list(database, std::nullopt, unfinished)) {
    if (is_another(database, entry)) outbox.reject(transaction, entry, 0, kDamaged, now);
  }
}

bool is_damaged(const Entry& entry) {
  return entry.state == State::kDead && entry.last_error == kDamaged;
}

}  // namespace holdfast::queue
