#pragma once

#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

inline constexpr int kPrincipalFileVersion = 16;

// Brings the bookkeeping tables of a principal's file (all but the replica tables themselves) to
// this program's version. Forward only; each step in a transaction of its own. Throws SchemaTooNew
// when the file was written by a newer program, and changes nothing then.
// One thread at a time: whoever holds the Database.
void migrate_principal_file(Database& database);
// The same to an older version, for what has to do with files of older programs.
void migrate_principal_file_to(Database& database, int version);

class SchemaTooNew : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace holdfast::cache
