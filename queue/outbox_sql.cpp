#include "queue/outbox_sql.h"

#include "cache/sqlite/database.h"

namespace holdfast::queue {

Entry read_entry(const cache::Statement& row) {
  Entry entry;
  entry.sequence = row.integer(0);
  entry.id = row.text(1);
  entry.relation = row.text(2);
  entry.operation = row.text(3);
  entry.method = row.text(4);
  entry.target = row.text(5);
  entry.headers = row.text(6);
  entry.body = row.text(7);
  entry.role = row.text(8);
  entry.claims = row.text(9);
  entry.idempotency_key = row.text(10);
  if (!row.is_null(11)) entry.app_key = std::string(row.text(11));
  entry.created_at = timestamp(row.integer(12));
  entry.state = state_named(row.text(13)).value_or(State::kQueued);
  entry.attempts = static_cast<int>(row.integer(14));
  if (!row.is_null(15)) entry.next_attempt_at = timestamp(row.integer(15));
  entry.lost_answer = row.integer(16) != 0;
  entry.minted_key = row.integer(17) != 0;
  entry.last_status = static_cast<int>(row.integer(18));
  entry.last_error = row.text(19);
  if (!row.is_null(20)) entry.parent = std::string(row.text(20));
  entry.keyed = row.integer(21) != 0;
  if (!row.is_null(22)) entry.noted_key = std::string(row.text(22));
  entry.write_claims = row.text(23);
  entry.released = row.integer(24) != 0;
  return entry;
}

Entry entry_at(cache::Database& database, std::int64_t sequence) {
  cache::Statement& select =
      database.cached("SELECT " HF_ENTRY_COLUMNS " FROM hf_outbox WHERE sequence=?1");
  select.bind(1, sequence).step();
  Entry entry = read_entry(select);
  select.reset();
  return entry;
}

}  // namespace holdfast::queue
