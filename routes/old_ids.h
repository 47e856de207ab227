#pragma once

#include "cache/replica/temporary_ids.h"
#include "routes/rest.h"

namespace holdfast::routes {

// Puts the upstream's ids into a read's filters (eq, neq, in) where they name rows by the temporary
// ids that they had here before; costs nothing where no filter has a negative number.
void put_real_ids(RestRequest& rest, const cache::Table& table);

// The same for a write that is to be sent on, its body included. An id that is not known stays: the
// upstream would not find its row.
[[nodiscard]] cache::TemporaryIds::Named put_real_ids_into_write(RestRequest& rest,
                                                                 const cache::Table& table);

}  // namespace holdfast::routes
