#pragma once

#include <string>

namespace holdfast::cache {

// What a session of the API at the upstream has set of what its answers depend on, by its
// configuration, ALTER DATABASE or ALTER ROLE. Postgres' defaults where nothing is known of it.
struct Session {
  std::string timezone = "UTC";
  std::string text_search = "english";  // default_text_search_config
  std::string interval_style = "postgres";
  std::string bytea_output = "hex";
  std::string letters = {};  // the database's own, as Column::letters, else its collation

  bool operator==(const Session&) const = default;
};

}  // namespace holdfast::cache
