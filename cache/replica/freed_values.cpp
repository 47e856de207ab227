#include "cache/replica/freed_values.h"

#include "cache/replica/overlay.h"

namespace holdfast::cache {

FreedValues::FreedValues(const Computation& computation, std::vector<std::size_t> columns)
    : table_(computation.table()), columns_(std::move(columns)) {
  const auto note = [this](const std::string& key, const Row& image) {
    keys_.emplace(print_columns(table_, image, columns_), key);
    return true;
  };
  computation.overlay.for_each_set_aside(computation.database, table_, note);
}

std::optional<std::string> FreedValues::row_with(const Row& row) const {
  const auto found = keys_.find(print_columns(table_, row, columns_));
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

}  // namespace holdfast::cache
