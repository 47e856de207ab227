#pragma once

#include "cache/sqlite/database.h"

namespace holdfast::cache {

// BEGIN IMMEDIATE; rolls back unless committed. Passing one by reference proves that a
// transaction is open. One thread at a time: whoever holds the Database.
class Transaction {
 public:
  explicit Transaction(Database& database);
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  void commit();
  Database& database() const { return database_; }

 private:
  Database& database_;
  bool open_ = true;
};

// A savepoint inside a Transaction; rolls back to it unless released.
class Savepoint {
 public:
  explicit Savepoint(Transaction& transaction);
  ~Savepoint();
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

  void release();

 private:
  Database& database_;
  bool open_ = true;
};

}  // namespace holdfast::cache
