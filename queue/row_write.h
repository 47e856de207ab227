#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/replica/overlay.h"
#include "queue/entry.h"

namespace holdfast::queue {

// What an update's or deletion's entry does to one row that its request names.
struct RowWrite {
  std::string old_key;
  std::string new_key;  // another one where the write changes the key
  bool deletion = false;
  std::string changes;              // of an update
  std::optional<std::string> base;  // of the row at its old key

  bool moves() const { return old_key != new_key; }
  // The write as an effect at the old key, which is where it is compared with what others did.
  cache::Effect effect(const std::string& relation) const;
};

// Where the effects of each such row begin; what follows belongs to it (a new key, cascades).
// Empty for inserts and upserts.
std::vector<std::size_t> row_starts(const Entry& entry, std::span<const cache::Effect> effects);

// The entry's only row; nullopt when it has several, or is an insert or upsert.
std::optional<RowWrite> single_row(const Entry& entry, std::span<const cache::Effect> effects);

// What an entry of one row becomes when the row is not what it was based on.
struct RowRebase {
  const cache::Table* table;
  RowWrite write;
  std::optional<cache::Row> image;  // the upstream's row that it is based on now
  std::string changes;              // of an update: what is still to be changed
  bool insert = false;              // the row is made again
};

}  // namespace holdfast::queue
