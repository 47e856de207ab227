#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

Transaction::Transaction(Database& database) : database_(database) {
  database_.cached("BEGIN IMMEDIATE").run();
}

Transaction::~Transaction() {
  // SQLite may have rolled back by itself (disk full): then there is nothing left to end.
  if (open_ && database_.in_transaction()) database_.execute("ROLLBACK");
}

void Transaction::commit() {
  database_.cached("COMMIT").run();
  open_ = false;
}

Savepoint::Savepoint(Transaction& transaction) : database_(transaction.database()) {
  database_.cached("SAVEPOINT hf").run();
}

Savepoint::~Savepoint() {
  if (open_ && database_.in_transaction()) database_.execute("ROLLBACK TO hf; RELEASE hf");
}

void Savepoint::release() {
  database_.cached("RELEASE hf").run();
  open_ = false;
}

}  // namespace holdfast::cache
