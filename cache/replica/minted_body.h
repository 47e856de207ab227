#pragma once

#include <set>
#include <string>
#include <vector>

#include "cache/catalog/table.h"
#include "cache/replica/row.h"
#include "cache/values/json.h"

namespace holdfast::cache {

// An insert's body as it is to be sent: the app's own rows, each with what the row of `rows` in its
// place has in the columns `minted` (indices) that it lacks.
std::string print_with_minted(const Table& table, const RawBody& body,
                              const std::set<std::size_t>& minted, const std::vector<Row>& rows);

}  // namespace holdfast::cache
