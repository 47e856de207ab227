#include "cache/replica/freed_values.h"

#include "cache/replica/overlay.h"
#include "cache/values/sort_key.h"

namespace holdfast::cache {

FreedValues::FreedValues(const Computation& computation, std::vector<std::size_t> columns)
    : table_(computation.table()), columns_(std::move(columns)) {
  const auto note = [this](const std::string& key, const Row& image) {
    keys_.emplace(identity(image), key);
    return true;
  };
  computation.overlay.for_each_set_aside(computation.database, table_, note);
}

std::optional<std::string> FreedValues::row_with(const Row& row) const {
  const auto found = keys_.find(identity(row));
  if (found == keys_.end()) return std::nullopt;
  return found->second;
}

std::string FreedValues::identity(const Row& row) const {
  std::string identity;
  for (const std::size_t column : columns_) {
    const Type& type = table_.columns[column].type;
    const bool sorts = has_sort_key(type) && !is_null(row[column]);
    const std::string part =
        sorts ? sort_key(type, view(row[column])) : print_columns(table_, row, {column});
    identity += std::to_string(part.size()) + ':' + part;
  }
  return identity;
}

}  // namespace holdfast::cache
