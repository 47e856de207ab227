#pragma once

#include "routes/rest.h"

namespace holdfast::routes {

// Puts the upstream's ids into a read's filters (eq, neq, in) where they name rows by the temporary
// ids that they had here before; costs nothing where no filter has a negative number.
void put_real_ids(RestRequest& rest, const cache::Table& table);

}  // namespace holdfast::routes
