#pragma once

#include <string_view>

#include "cache/catalog/table.h"
#include "cache/expression/node.h"

namespace holdfast::cache::expression {

// Null when a part of the text is not known.
NodePtr parse(const Table& table, std::string_view text);

}  // namespace holdfast::cache::expression
