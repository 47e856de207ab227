#pragma once

#include <vector>

#include "cache/replica/overlay.h"

namespace holdfast::cache {

// Appends what the upstream does by itself when `before`, a row of `table`, becomes `after`: rows
// that refer to it by a foreign key follow its new values (on update cascade) or lose theirs (set
// null).
void follow_update(Database& database, const Catalog& catalog, const Overlay& overlay,
                   const Table& table, const Row& before, const Row& after,
                   std::vector<Effect>& effects);

}  // namespace holdfast::cache
