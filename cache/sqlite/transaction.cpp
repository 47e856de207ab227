#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

Transaction::Transaction(Database& database) : database_(database) {
  database_.execute("BEGIN IMMEDIATE");
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself (disk full): then there is nothing left to end.
  if (open_ && database_.in_transaction()) database_.execute("ROLLBACK");
}

void Transaction::commit() {
  database_.execute("COMMIT");
  open_ = false;
}

Savepoint::Savepoint(Transaction& transaction) : database_(transaction.database()) {
  database_.execute("SAVEPOINT hf");
}

Savepoint::~Savepoint() {
  if (open_ && database_.in_transaction()) database_.execute("ROLLBACK TO hf; RELEASE hf");
}

void Savepoint::release() {
  database_.execute("RELEASE hf");
  open_ = false;
}

}  // namespace holdfast::cache
