#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cache/pull/key_range.h"
#include "cache/replica/store.h"

namespace holdfast::cache {

// What part of a table looks like, to see at little cost whether two sides hold the same.
struct RangeSummary {
  std::int64_t rows = 0;
  std::optional<std::int64_t> newest;  // stamp
  std::uint64_t hash = 0;              // sum of the rows' hashes, modulo 2^64

  friend bool operator==(const RangeSummary&, const RangeSummary&) = default;
};

// The upstream's rows of a table as they are here, pending writes left out, by ranges of keys.
//
// Each call reads for itself, so that no snapshot of the file stays open for long; what is written
// in between is seen by the later ones.
// One thread at a time: whoever pulls.
class LocalRows {
 public:
  // Both must outlive it. The table must have a primary key.
  LocalRows(Store& store, const Table& table);

  std::optional<Row> find(const std::string& key);
  void for_each(const KeyRange& range,
                const std::function<void(const std::string& key, const Row& row)>& row);
  // Rows and newest value of the column `stamp` (of a timestamp type).
  RangeSummary newest_of(const KeyRange& range, std::size_t stamp);
  // Rows and the sum of their hashes over `columns`, as holdfast_digest() makes it.
  RangeSummary hash_of(const KeyRange& range, const std::vector<std::size_t>& columns);
  // The range cut into at most `parts` ranges with about as many rows each.
  std::vector<KeyRange> split(const KeyRange& range, std::int64_t rows, int parts);

 private:
  using SetAside = std::map<std::string, std::optional<Row>, std::less<>>;

  std::string where(const KeyRange& range) const;
  SetAside set_aside(Database& reader) const;
  std::optional<std::vector<Value>> key_at(const KeyRange& range, std::int64_t position);

  Store& store_;
  const Table& table_;
  std::string key_names_;
};

}  // namespace holdfast::cache
