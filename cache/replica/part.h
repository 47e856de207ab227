#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cache/catalog/table.h"

namespace holdfast::cache {

// Which rows of a table are kept for a principal, of those that it may read.
struct Part {
  std::string scope;  // conditions as in a request's query, all of which hold; "" = none
  // At most so many: those that changed last, else those with the largest keys; 0 = no limit.
  std::int64_t max_rows = 0;
  // The column that marks rows as deleted: those that were marked long ago are left out.
  std::optional<std::size_t> deleted_at = std::nullopt;

  bool whole() const { return scope.empty() && max_rows == 0 && !deleted_at; }
  friend bool operator==(const Part&, const Part&) = default;
};

}  // namespace holdfast::cache
