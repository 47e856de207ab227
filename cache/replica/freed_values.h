#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/computation.h"

namespace holdfast::cache {

// Values of unique columns that the upstream's rows have and those here, as pending writes leave
// them, have no more: whoever takes such values over must come after those writes.
class FreedValues {
 public:
  // `columns`: indices. What they hold must be equal only where it is printed alike.
  FreedValues(const Computation& computation, std::vector<std::size_t> columns);

  // The key of the upstream's row that has the values of `row`, which no visible row has.
  std::optional<std::string> row_with(const Row& row) const;

 private:
  const Table& table_;
  std::vector<std::size_t> columns_;
  std::map<std::string, std::string> keys_;  // by the values, as JSON
};

}  // namespace holdfast::cache
