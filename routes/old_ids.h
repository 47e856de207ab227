#pragma once

#include <optional>

#include "cache/replica/temporary_ids.h"
#include "gateway/base/error.h"
#include "routes/rest.h"

namespace holdfast::routes {

// Puts the upstream's ids into a read's parameters where they name rows by the temporary ids that
// they had here before; costs nothing where no such number stands there.
void put_real_ids(RestRequest& rest);

// The same for a write, or a call, that is to be sent on, its body included. An id that is not
// known stays: the upstream would not find its row.
[[nodiscard]] cache::TemporaryIds::Named put_real_ids_into_write(RestRequest& rest);

// `target` with the ids that are known in its parameters' values; nullopt: there are none. Adds
// what they name to `named`.
std::optional<std::string> with_real_ids(cache::Database& database, const cache::TemporaryIds& ids,
                                         const std::string& target,
                                         cache::TemporaryIds::Named& named);

// Why a write must not go out that names these: 409 HF409. nullopt: it may, after those that wait.
std::optional<Error> refuse_ids(const Context& context, const cache::Store& store,
                                const cache::TemporaryIds::Named& named);

}  // namespace holdfast::routes
