#pragma once

#include <string_view>

#include "cache/catalog/catalog.h"

namespace holdfast::cache::query {

// Whether a cast names a type that neither Postgres itself has nor anything of the catalog uses.
// What only the upstream knows of, a type that no column and no function uses, counts as unknown.
bool is_unknown_type(const Catalog& catalog, std::string_view cast);

}  // namespace holdfast::cache::query
