#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cache/query/relationships.h"

namespace holdfast::cache::query {

// PostgREST's hint of PGRST200, "Perhaps you meant …": another relation that `origin` is related
// to, or, when it is related to none, another origin. Thread-safe.
std::optional<std::string> relationship_hint(const Catalog& catalog,
                                             const std::vector<Reference>& references,
                                             const Table& origin, std::string_view name);

}  // namespace holdfast::cache::query
