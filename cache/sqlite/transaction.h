#pragma once

#include <utility>

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

  // Says that what was written since the last answer of was_taken_back() is not to be kept. Whoever
  // has opened the transaction, or a savepoint in it, does so.
  void take_back() { taken_back_ = true; }
  bool was_taken_back() { return std::exchange(taken_back_, false); }

 private:
  Database& database_;
  bool open_ = true;
  bool taken_back_ = false;
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
