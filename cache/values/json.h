#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace holdfast::cache {

// One JSON object as its members' decoded names and raw value tokens, in order; of a name that
// comes twice only the last is kept, in the first's place, as Postgres' json_populate_record reads it.
using RawObject = std::vector<std::pair<std::string, std::string>>;

// Splits a JSON object, or an array of objects, as PostgREST reads a mutation's body. Errors are
// PostgREST's: PGRST102 "Empty or invalid json", "All object keys must match".
struct RawBody {
  std::vector<RawObject> rows;
  bool is_array = false;
};
Result<RawBody> parse_body(std::string_view json);

// Calls `row` for every object of the JSON array `page` with one raw token per name of `names`, in
// their order; an absent member is an empty view. Tokens are valid during the call. Built for speed
// (simdjson). kUpstreamRejected when `page` is no array of objects, or row() asks to stop by false
// (then success). Returns the number of rows.
Result<std::size_t> read_page(std::string_view page, std::span<const std::string> names,
                              const std::function<bool(std::span<const std::string_view>)>& row);

// The decoded text of a raw JSON string token.
std::string decode_json_string(std::string_view token);

}  // namespace holdfast::cache
