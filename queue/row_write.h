#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cache/query/query.h"
#include "cache/replica/overlay.h"
#include "queue/entry.h"

namespace holdfast::queue {

// What an entry does to one row that its request names.
struct RowWrite {
  std::string old_key;
  std::string new_key;  // another one where the write changes the key
  bool deletion = false;
  std::string changes;              // of an update or upsert
  std::optional<std::string> base;  // of the row at its old key
  // The columns by which an upsert finds the row, beside its key: where others have changed one, it
  // meets another row, or makes one.
  std::vector<std::string> found_by = {};

  bool moves() const { return old_key != new_key; }
  // The write as an effect at the old key, which is where it is compared with what others did.
  cache::Effect effect(const std::string& relation) const;
};

// The query of the entry's target, or of another one that was parsed before.
cache::query::Query query_of(const Entry& entry);
cache::query::Query query_of(const std::string& target);

// The key of the only row of the table that its filters can let through; nullopt: there may be
// others.
std::optional<std::string> named_key(const cache::Table& table, const cache::query::Query& query);

// Where the effects of each such row begin; what follows belongs to it (a new key, cascades).
// Where the entry's own rows are once it is applied.
std::vector<std::string> keys_after(const Entry& entry, std::span<const cache::Effect> effects);

// Empty for inserts and upserts.
std::vector<std::size_t> row_starts(const Entry& entry, std::span<const cache::Effect> effects);

// The entry's only row; nullopt when it has several, or is an insert or upsert.
std::optional<RowWrite> single_row(const Entry& entry, std::span<const cache::Effect> effects);

// The same for an upsert that overwrites rows which are there (resolution=merge-duplicates, PUT):
// one start for each row of its body. Empty for all others.
std::vector<std::size_t> upsert_starts(const Entry& entry, std::span<const cache::Effect> effects);

// The rows of such an upsert that were here when it was made, and keep their key: what it names of
// them is sent only while nobody else has changed that.
std::vector<RowWrite> overwritten_rows(const Entry& entry, std::span<const cache::Effect> effects);

// The only row of an entry, where others may have written to it: an update's, a deletion's, or one
// that an upsert overwrites.
std::optional<RowWrite> contested_row(const Entry& entry, std::span<const cache::Effect> effects);

// What an entry of one row becomes when the row is not what it was based on.
struct RowRebase {
  const cache::Table* table;
  RowWrite write;
  std::optional<cache::Row> image;  // the upstream's row that it is based on now
  std::string changes;              // of an update: what is still to be changed
  bool insert = false;              // the row is made again
};

}  // namespace holdfast::queue
