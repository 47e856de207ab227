#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "cache/sqlite/value.h"

struct sqlite3_context;
struct sqlite3_value;

namespace holdfast::cache {

// The arguments of one call of an SQL function. Views are valid during the call.
class Arguments {
 public:
  Arguments(int count, sqlite3_value** values) : count_(count), values_(values) {}

  int size() const { return count_; }
  ValueView operator[](int index) const;
  bool is_null(int index) const;
  // The object bound by Statement::bind_pointer under `kind`; null for any other value.
  const void* pointer(int index, const char* kind) const;

 private:
  int count_;
  sqlite3_value** values_;
};

// Where an SQL function puts its result: exactly one call.
class FunctionContext {
 public:
  explicit FunctionContext(sqlite3_context* context) : context_(context) {}

  void null();
  void integer(std::int64_t value);
  void boolean(bool value) { integer(value ? 1 : 0); }
  void real(double value);
  void text(std::string_view value);  // copied
  void value(const ValueView& value);
  // Ends the statement with an outcome: Statement::try_step() answers kFunctionError and the words.
  void fail(std::string_view words);
  // A zeroed, aligned block of `size` bytes that lives until the aggregate ends; null when size is
  // 0 and there is none yet.
  void* aggregate(int size);

 private:
  sqlite3_context* context_;
};

// An SQL function of `argument_count` arguments (-1 = any number). All are deterministic, and
// callable from statements only, not from a schema that a file brings along (SQLITE_DIRECTONLY),
// unless `in_schema`: then indexes may use it.
struct ScalarFunction {
  const char* name;
  int argument_count;
  void (*call)(FunctionContext&, Arguments);
  bool in_schema = false;
};

// `finish` is called once per group, also for an empty one, and frees what `step` allocated.
struct AggregateFunction {
  const char* name;
  int argument_count;
  void (*step)(FunctionContext&, Arguments);
  void (*finish)(FunctionContext&);
};

// An order over UTF-8 text; negative, zero or positive. Empty texts come too.
struct Collation {
  const char* name;
  int (*compare)(std::string_view a, std::string_view b);
};

// A collation that is made when a statement first names it, and goes with its connection.
class NamedCollation {
 public:
  virtual ~NamedCollation() = default;
  virtual int compare(std::string_view a, std::string_view b) const = 0;
};
// The collation of that name; null when there is none.
using CollationFactory = std::unique_ptr<NamedCollation> (*)(std::string_view name);

}  // namespace holdfast::cache
