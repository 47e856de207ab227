#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cache/sqlite/value.h"

struct sqlite3_stmt;

namespace holdfast::cache {

class Database;

// One prepared statement.
//
// Parameters are numbered from 1, columns from 0. The Database must outlive it. Errors of SQLite
// are thrown as SqliteError, but for try_step().
// One thread at a time: whoever holds its Database.
class Statement {
 public:
  Statement(Database& database, std::string_view sql);
  ~Statement();
  Statement(Statement&&) noexcept;
  Statement& operator=(Statement&&) noexcept;

  Statement& bind(int parameter, Null);
  Statement& bind(int parameter, std::int64_t value);
  Statement& bind(int parameter, double value);
  // Copies the text.
  Statement& bind(int parameter, std::string_view text);
  // Keeps only the pointer: `text` must live until the statement has run.
  Statement& bind_borrowed(int parameter, std::string_view text);
  Statement& bind(int parameter, const Value& value);
  Statement& bind(int parameter, const ValueView& value);
  // An object for SQL functions of this process (Arguments::pointer), under the name `kind`, which
  // must be a literal. The object must live until the next bind or clear.
  Statement& bind_pointer(int parameter, const void* object, const char* kind);

  // True when there is a row. At the end the statement is reset.
  bool step();

  enum class Step { kRow, kDone, kFunctionError };
  // As step(), but an error that an SQL function raised (FunctionContext::fail) is an outcome:
  // error_text() holds its words, and the statement is reset.
  Step try_step();
  const std::string& error_text() const { return error_text_; }

  // Runs to the end and resets; for statements without rows.
  void run();
  void reset();
  void clear_bindings();

  int column_count() const;
  ValueView column(int index) const;
  bool is_null(int index) const;
  std::int64_t integer(int index) const;
  double real(int index) const;
  // Valid until the next step or reset.
  std::string_view text(int index) const;
  int parameter_count() const;

 private:
  Database* database_;
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  std::unique_ptr<sqlite3_stmt, Finalize> handle_;
  std::string error_text_;
};

}  // namespace holdfast::cache
