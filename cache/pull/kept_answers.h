#pragma once

#include <string>
#include <vector>

#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

// What is gone, or was hidden, shows in no answer that was kept for the time without the upstream
// either (hard case 18).

// Forgets those in which one of these rows may be: all that are of `relation`, and of those that
// may be of any (functions, views) the ones that hold all parts of a row's key. Of more rows than
// are worth a look, all of the latter.
void forget_answers_with(Transaction& transaction, const std::string& relation,
                         const std::vector<std::string>& keys);

// Forgets those in which any row of `relation` may be.
void forget_answers_of(Transaction& transaction, const std::string& relation);

}  // namespace holdfast::cache
