#pragma once

#include <string_view>

#include "cache/catalog/type.h"
#include "cache/values/codec.h"

// Types without a TypeKind of their own: ranges, tsvector, citext, inet, and all that is not known.
namespace holdfast::cache {

// As parse_text() of codec.h; what is not computed here is kept as it came.
Result<Value> parse_opaque(const Type& type, std::string_view text);
Result<Value> parse_json_opaque(const Type& type, std::string_view token);

// Whether the upstream surely prints this stored value as it is stored, which may be what an app
// has sent.
bool prints_as_stored(const Type& type, std::string_view stored);

}  // namespace holdfast::cache
