#pragma once

#include <sqlite3.h>

#include "cache/sqlite/value.h"

// Only the sources of this folder include this: it names SQLite.
namespace holdfast::cache {

// What `value` holds, until the next step of its statement or the end of its function call; a blob
// as its bytes. A text that is null (SQLite had no memory for it) is the empty one.
inline ValueView view_of(sqlite3_value* value) {
  switch (sqlite3_value_type(value)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_value_int64(value));
    case SQLITE_FLOAT:
      return sqlite3_value_double(value);
    case SQLITE_NULL:
      return Null{};
    default: {
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_value_text(value));
      if (bytes == nullptr) return std::string_view();
      return std::string_view(bytes, static_cast<std::size_t>(sqlite3_value_bytes(value)));
    }
  }
}

}  // namespace holdfast::cache
