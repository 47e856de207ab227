#pragma once

#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

// Brings the bookkeeping tables of a principal's file (all but the replica tables themselves) to
// this program's version. Forward only; each step in a transaction of its own. Throws SchemaTooNew
// when the file was written by a newer program, and changes nothing then.
// One thread at a time: whoever holds the Database.
void migrate_principal_file(Database& database);

class SchemaTooNew : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace holdfast::cache
