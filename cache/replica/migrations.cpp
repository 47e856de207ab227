#include "cache/replica/migrations.h"

#include <string>

#include "cache/replica/migration_steps.h"

namespace holdfast::cache {
namespace {

int version_of(Database& database) {
  Statement statement(database, "PRAGMA user_version");
  statement.step();
  return static_cast<int>(statement.integer(0));
}

}  // namespace

void migrate_principal_file(Database& database) {
  migrate_principal_file_to(database, kPrincipalFileVersion);
}

void migrate_principal_file_to(Database& database, int version) {
  const int present = version_of(database);
  if (present > kPrincipalFileVersion) {
    throw SchemaTooNew("the data file has version " + std::to_string(present) +
                       ", this program knows up to " + std::to_string(kPrincipalFileVersion) +
                       ": install the newer program again");
  }
  for (int step = present; step < version; ++step) {
    Transaction transaction(database);
    database.execute(kMigrationSteps[static_cast<std::size_t>(step)]);
    database.execute("PRAGMA user_version=" + std::to_string(step + 1));
    transaction.commit();
  }
}

}  // namespace holdfast::cache
