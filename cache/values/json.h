#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gateway/base/result.h"

namespace holdfast::cache {

// One JSON object as its members' decoded names and raw value tokens, in order; of a name that
// comes twice only the last is kept, in the first's place, as Postgres' json_populate_record reads
// it.
using RawObject = std::vector<std::pair<std::string, std::string>>;

struct RawBody {
  std::vector<RawObject> rows;
  bool is_array = false;
};

// kAny is for a request that names its columns (columns=): objects may then differ.
enum class BodyKeys { kMustMatch, kAny };

// Splits a JSON object, or an array of objects, as PostgREST reads a mutation's body; a body that
// is a plain value is an empty array, as it is there. Errors are PostgREST's: PGRST102 "Empty or
// invalid json", "All object keys must match" (also for an element that is no object); 22021 and
// 22P05 of names.
Result<RawBody> parse_body(std::string_view json, BodyKeys keys = BodyKeys::kMustMatch);

// The raw tokens of a JSON array's elements; nullopt for any other text.
std::optional<std::vector<std::string>> json_elements(std::string_view json);

// Calls `row` for every object of the JSON array `page` with one raw token per name of `names`, in
// their order; an absent member is an empty view. Tokens are valid during the call. Built for speed
// (simdjson). kUpstreamRejected when `page` is no array of objects, or row() asks to stop by false
// (then success). Returns the number of rows.
Result<std::size_t> read_page(std::string_view page, std::span<const std::string> names,
                              const std::function<bool(std::span<const std::string_view>)>& row);

// The token of the object's member, as long as the object stays; nullopt when it has none.
std::optional<std::string_view> find_member(const RawObject& object, std::string_view name);
// Its member has this token from now on.
void set_member(RawObject& object, std::string name, std::string token);

// Of members of one name the last one's token counts, at the first one's place.
void join_duplicates(RawObject& object);

// The object as JSON, its tokens as they are.
std::string print_object(const RawObject& object);

// The decoded text of a raw JSON string token of parse_body() or read_page(); empty when it holds
// what Postgres' text cannot (\u0000, half a surrogate pair).
std::string decode_json_string(std::string_view token);

}  // namespace holdfast::cache
