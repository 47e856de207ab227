#pragma once

#include "cache/sqlite/statement.h"
#include "queue/entry.h"

// What the Outbox's sources share; for them only.

#define HF_ENTRY_COLUMNS                                                                  \
  "sequence, id, relation, operation, method, target, headers, body, role, claims,"       \
  " idempotency_key, app_key, created_at, state, attempts, next_attempt_at, lost_answer," \
  " minted_key, last_status, last_error, parent, keyed, noted_key, write_claims, released"
#define HF_READY \
  "(state='queued' OR (state IN ('waiting', 'stalled', 'uncertain') AND next_attempt_at<=?1))"
// Its state is none of 'acknowledged', 'resolved', 'dead' and 'discarded': what ends an entry says
// when. One comparison, which an index has, too.
#define HF_UNFINISHED "ended_at IS NULL"
// Unfinished and not simply waiting for its turn; by an index that ordinary entries are not in.
#define HF_APART "ended_at IS NULL AND state<>'queued'"
// Unfinished, and goes on only when a person decides it, or another entry, or once an hour. (For
// "claims changed" see write_claims.h.)
#define HF_PARKED                                       \
  "(state IN ('conflict', 'stalled', 'blocked')"        \
  " OR (state='uncertain' AND next_attempt_at IS NULL)" \
  " OR (state='held' AND substr(last_error, 1, 16)='claims changed: '))"
// Dead letters; by the index of what has ended.
#define HF_DEAD "(state='dead' AND ended_at IS NOT NULL)"
// The effect d makes its row, which no app saw before: what was refused of it never was.
#define HF_MAKES_ROW                      \
  "(d.kind IN (1, 2) AND (d.base IS NULL" \
  " OR (SELECT operation FROM hf_outbox WHERE sequence=d.entry)='insert'))"

namespace holdfast::queue {

// A row of HF_ENTRY_COLUMNS.
Entry read_entry(const cache::Statement& row);
// The entry with this sequence, which is there.
Entry entry_at(cache::Database& database, std::int64_t sequence);

inline std::int64_t micros(Timestamp time) { return time.time_since_epoch().count(); }
inline Timestamp timestamp(std::int64_t micros) {
  return Timestamp(std::chrono::microseconds(micros));
}

}  // namespace holdfast::queue
