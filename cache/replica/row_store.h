#pragma once

#include <functional>
#include <optional>
#include <string>

#include "cache/replica/row.h"
#include "cache/sqlite/transaction.h"

namespace holdfast::cache {

struct StoredRow {
  std::int64_t rowid;
  Row row;
};

// Reads and writes single rows of one replica table, and makes the table itself.
//
// Holds nothing but SQL texts; both references must outlive it.
// One thread at a time: whoever holds the Transaction passed in.
class RowStore {
 public:
  explicit RowStore(const Table& table);

  // Creates the replica table and the indexes of its keys and foreign keys, or adds what an older
  // one lacks. True when columns were added, so that its rows have to be read again.
  bool create(Transaction& transaction) const;

  // An index on the rows that have a value in the column.
  void create_sparse_index(Transaction& transaction, std::size_t column) const;

  // Takes the values of a column away that an older table may have had under its name.
  void forget(Transaction& transaction, std::size_t column) const;
  // Takes the values away of all columns that are not kept now, or are the table's no more.
  void forget_others(Transaction& transaction) const;
  void drop(Transaction& transaction) const;

  // False for a table that was never replicated here.
  bool exists(Database& database) const;

  // By key values in the key's column order.
  std::optional<StoredRow> find(Database& database, const std::vector<Value>& key) const;
  // The first row whose `columns` equal those of `row`; none when one of them is NULL.
  std::optional<StoredRow> find_by(Database& database, const std::vector<std::size_t>& columns,
                                   const Row& row) const;
  // All of them, in rowid order.
  std::vector<Row> list_by(Database& database, const std::vector<std::size_t>& columns,
                           const std::vector<Value>& values) const;
  void for_each(Database& database, const std::function<void(const Row&)>& row) const;
  std::int64_t count(Database& database) const;
  // The largest value of an integer column; 0 when there is none.
  std::int64_t largest(Database& database, std::size_t column) const;
  // The smallest, likewise.
  std::int64_t smallest(Database& database, std::size_t column) const;
  Row get(Database& database, std::int64_t rowid) const;

  // Inserts the row, or replaces the one with its key. Nothing is written when the same row is
  // there. A table without a key always gets a new row.
  void put(Transaction& transaction, const Row& row) const;
  void erase(Transaction& transaction, const std::vector<Value>& key) const;
  void erase_all(Transaction& transaction) const;

 private:
  // `function` of the column's values; 0 for no rows.
  std::int64_t extreme(Database& database, const char* function, std::size_t column) const;

  const Table& table_;
  std::string select_;
  std::string find_;
  std::string put_;
  std::string erase_;
};

}  // namespace holdfast::cache
