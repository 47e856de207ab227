#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cache/replica/computation.h"

namespace holdfast::cache {

// Values of unique columns that the upstream's rows have, or own pending writes give them in
// between, and those here, as all of these leave them, have no more: whoever takes such values over
// must come after those writes.
class FreedValues {
 public:
  // `columns`: indices.
  FreedValues(const Computation& computation, std::vector<std::size_t> columns);

  // The key of such a row that has the values of `row`, which no visible row has.
  std::optional<std::string> row_with(const Row& row) const;

 private:
  // A text that is the same for values that are to Postgres.
  std::string identity(const Row& row) const;

  const Table& table_;
  std::vector<std::size_t> columns_;
  std::map<std::string, std::string> keys_;  // by identity()
};

}  // namespace holdfast::cache
