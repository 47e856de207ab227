#include <nlohmann/json.hpp>

#include "cache/values/json.h"
#include "tests/fuzz/targets.h"

namespace holdfast::fuzz {

void run_body(std::string_view input) {
  for (const auto keys : {cache::BodyKeys::kMustMatch, cache::BodyKeys::kAny}) {
    const auto body = cache::parse_body(input, keys);
    if (!body) {
      require_well_formed(body.error());
      continue;
    }
    // Half a surrogate pair, and a number beyond all floats, are for the database to refuse.
    const bool judged = input.find_first_of("\\eE") == std::string_view::npos;
    require(!judged || nlohmann::json::accept(input), "a body that is taken is JSON", input);
    for (const auto& row : body->rows) {
      for (const auto& [name, token] : row) {
        require(!judged || nlohmann::json::accept(token), "a token is a JSON value", token);
        cache::decode_json_string(token);
      }
    }
  }
}

}  // namespace holdfast::fuzz
