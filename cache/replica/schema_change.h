#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cache/catalog/table.h"
#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

// What a table's replica was made for: the columns that are kept, their types, its key. Kept in
// hf_tables.
std::string signature_of(const Table& table);

// How a table differs from the one that its replica was made for.
struct SchemaChange {
  bool read_again = false;  // a column has another type, or the key is another one
  bool other_key = false;
  std::vector<std::size_t> added;  // columns; their values are still to be read

  bool none() const { return !read_again && added.empty(); }
};

// Columns that went, labels that an enum got, and text types of another length are no change: what
// is here stays right.
SchemaChange change_since(std::string_view old_signature, const Table& table);

// Names the pending effects and images of the table's rows by its key of now, where they tell it:
// before, they were named by another one. Others are kept as they are and show nothing.
void rename_pending_rows(Transaction& transaction, const Table& table);

}  // namespace holdfast::cache
