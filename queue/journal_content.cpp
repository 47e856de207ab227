#include "queue/journal_content.h"

#include "gateway/crypto/digest.h"
#include "queue/framed.h"

namespace holdfast::queue {
namespace {

using cache::Database;
using cache::Statement;

// The rows of a statement as one text to be hashed; a NULL is none of the texts.
void append_rows(Statement& rows, int columns, std::string& text) {
  while (rows.step()) {
    for (int i = 0; i < columns; ++i) {
      append_framed(rows.is_null(i) ? "" : "=", text);
      append_framed(rows.text(i), text);
    }
  }
  rows.reset();
}

}  // namespace

std::string entry_content(Database& database, const std::string& entry) {
  Statement& statement = database.cached(
      "SELECT operation, relation, method, target, headers, body, role, claims, idempotency_key,"
      " created_at, write_claims FROM hf_outbox WHERE id=?1");
  statement.bind_borrowed(1, entry);
  std::string text;
  append_rows(statement, 11, text);
  if (text.empty()) return "";
  // Of these the companion is told what they do to each row.
  Statement& effects = database.cached(
      "SELECT e.relation, e.key, e.kind, e.changes FROM hf_outbox o"
      " JOIN hf_effects e ON e.entry=o.sequence"
      " WHERE o.id=?1 AND o.operation IN ('update', 'delete') ORDER BY e.ordinal");
  effects.bind_borrowed(1, entry);
  append_rows(effects, 4, text);
  return crypto::sha256_hex(text);
}

std::string conflict_content(Database& database, const std::string& conflict) {
  Statement& statement = database.cached(
      "SELECT entry, relation, key, operation, strategy, columns, base, local, remote, reason,"
      " role, local_at, remote_at, detected_at FROM hf_conflicts WHERE id=?1");
  statement.bind_borrowed(1, conflict);
  std::string text;
  append_rows(statement, 14, text);
  return text.empty() ? "" : crypto::sha256_hex(text);
}

}  // namespace holdfast::queue
