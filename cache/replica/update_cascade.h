#pragma once

#include <vector>

#include "cache/replica/computation.h"

namespace holdfast::cache {

// Whether referring rows change with the referred one, instead of keeping it from changing.
bool follows(ReferentialAction action);

// Appends what the upstream does by itself when `before`, a row of `table`, becomes `after`: rows
// that refer to it by a foreign key follow its new values (on update cascade) or lose theirs (set
// null, set default).
void follow_update(const Computation& computation, const Table& table, const Row& before,
                   const Row& after, Changes& changes);

// Appends what makes `after` of a row in its place, which is another one where its key changes.
void append_change(const Table& table, const Row& before, const Row& after,
                   const std::vector<std::size_t>& columns, std::vector<Effect>& effects);

// What SET NULL or SET DEFAULT makes of these columns of a row. A default that only the upstream
// can compute is NULL here, and the outcome in doubt.
void unset_columns(const Computation& computation, const Table& table,
                   const std::vector<std::size_t>& columns, ReferentialAction action, Row& row,
                   Changes& changes);

}  // namespace holdfast::cache
