#pragma once

#include "cache/replica/temporary_ids.h"
#include "routes/rest.h"

namespace holdfast::routes {

// Puts the upstream's ids into a read's parameters where they name rows by the temporary ids that
// they had here before; costs nothing where no such number stands there.
void put_real_ids(RestRequest& rest);

// The same for a write, or a call, that is to be sent on, its body included. An id that is not
// known stays: the upstream would not find its row.
[[nodiscard]] cache::TemporaryIds::Named put_real_ids_into_write(RestRequest& rest);

}  // namespace holdfast::routes
